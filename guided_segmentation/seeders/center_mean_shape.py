"""The baseline that looks at no pixel: objects lie where they lie on average.

Source: Oh et al., CVPR 2017, section 4.2.
"""

from collections.abc import Callable

import cv2
import numpy as np
import tqdm

from guided_segmentation.datasets import schema

CELLS = 41  # Of the shape, a side: as many as GAP-HighRes has.


def mean_shape(source: schema.Source) -> np.ndarray:
    """Averages the masks of all classes, each over the frame of its image.

    Objects of one class in one image share a mask.

    Args:
      source: Images with label maps; the photographs are not read.

    Returns:
      [CELLS, CELLS] float64, the share of masks that cover each cell.

    Raises:
      ValueError: If the data have no label maps, or these have no object.
    """
    if source.label_map is None:
        raise ValueError(
            f"{source.name} has no label maps to take the mean shape from; "
            f"choose a split that has"
        )
    total, count = np.zeros((CELLS, CELLS)), 0
    for image_id in tqdm.tqdm(source.image_ids, "shapes", unit="image"):
        label_map = source.label_map(image_id)
        for index in range(1, source.label_set.num_classes):
            mask = label_map == index
            if mask.any():
                total += _framed(mask)
                count += 1
    if not count:
        raise ValueError(
            f"{source.name}: wanted objects to take the mean shape from, found "
            f"none in the label maps of {len(source.image_ids)} images"
        )
    return total / count


def seeder(
    shape: np.ndarray,
) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, None]]:
    """Makes the function from a photograph to the same map for every object.

    Where several objects are present, the first of them wins everywhere.

    Args:
      shape: What `mean_shape` returns.

    Returns:
      A function from [height, width, 3] uint8 RGB and [K] objects to [height,
      width, K] float32 score maps; and None, as there are no logits.
    """

    def seed(image, objects):
        height, width = image.shape[:2]
        place = cv2.resize(shape.astype(np.float32), (width, height))
        return np.repeat(place[..., None], len(objects), axis=2), None

    return seed


def _framed(mask):
    """The share of each cell that a mask covers."""
    side = (CELLS, CELLS)
    return cv2.resize(
        mask.astype(np.float64), side, interpolation=cv2.INTER_AREA
    )
