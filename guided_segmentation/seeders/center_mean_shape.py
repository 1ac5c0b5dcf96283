"""Centre mean shape: a baseline seeder that does not read the image.

Every object gets the mean of the object masks of a split as its score map.

Source: Oh et al., CVPR 2017, section 4.2.
"""

from collections.abc import Callable

import cv2
import numpy as np
import tqdm

from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

CELLS = 41  # Per side of the shape, as many as GAP-HighRes has.


def mean_shape(source: schema.Source) -> np.ndarray:
    """Returns the mean of all object masks, each resized to CELLS x CELLS.

    All objects of one class in one image are one mask.

    Args:
      source: Its label maps are read, its images are not.

    Returns:
      [CELLS, CELLS] float64 in [0, 1], the fraction of masks that cover each
      cell.

    Raises:
      ValueError: If the source has no label maps, or if they show no object.
    """
    if source.label_map is None or source.label_set is None:
        raise InputError(
            f"{source.name} has no label maps to take the mean shape from; "
            f"choose a split that has"
        )
    total, count = np.zeros((CELLS, CELLS)), 0
    for image_id in tqdm.tqdm(source.image_ids, "shapes", unit="image"):
        label_map = source.label_map(image_id)
        for index in range(1, source.label_set.num_classes):
            mask = label_map == index
            if mask.any():
                total += _resized(mask)
                count += 1
    if not count:
        raise InputError(
            f"{source.name}: wanted objects to take the mean shape from, found "
            f"none in the label maps of {len(source.image_ids)} images"
        )
    return total / count


def seeder(
    shape: np.ndarray,
) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, None]]:
    """Makes the seeder that gives every object the same score map.

    If several objects are present, their scores are equal, and the seeds take
    the first one.

    >>> import numpy as np
    >>> score = seeder(np.array([[0.0, 1.0], [0.5, 0.5]]))
    >>> maps, logits = score(np.zeros((2, 4, 3), np.uint8), np.array([0]))
    >>> print(maps[..., 0])
    [[0.   0.25 0.75 1.  ]
     [0.5  0.5  0.5  0.5 ]]

    Args:
      shape: [rows, columns] float, as `mean_shape` returns it.

    Returns:
      A function from [height, width, 3] uint8 RGB and [K] indices of objects
      to [height, width, K] float32 score maps. Its second result is None,
      since it does not classify.
    """

    def score(
        image: np.ndarray, objects: np.ndarray
    ) -> tuple[np.ndarray, None]:
        height, width = image.shape[:2]
        resized = cv2.resize(shape.astype(np.float32), (width, height))
        return np.repeat(resized[..., None], len(objects), axis=2), None

    return score


def _resized(mask: np.ndarray) -> np.ndarray:
    """The fraction of each of CELLS x CELLS cells that a mask covers."""
    side = (CELLS, CELLS)
    return cv2.resize(
        mask.astype(np.float64), side, interpolation=cv2.INTER_AREA
    )
