"""Division of a salient region among the classes of its seeds by a dense CRF.

Source: Oh et al., CVPR 2017, appendix E, the case of two or more categories;
the Gaussian blur of the seeds is from the authors' implementation.
"""

import cv2
import numpy as np

from guided_segmentation import crf as dense_crf
from guided_segmentation.guides.settings import PAPER, GuideSettings

# Smallest and largest probability of a class at one pixel before the blur.
LOWEST, HIGHEST = np.float32(0.001), np.float32(0.999)


def divide(
    image: np.ndarray,
    seeds: np.ndarray,
    region: np.ndarray,
    classes: np.ndarray,
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Labels the pixels of one salient region with one of several classes.

    Args:
      image: [height, width, 3] uint8 RGB.
      seeds: [height, width] uint8 class indices. Every seed pixel of a class
        counts, also outside the region and in components that are too small.
      region: [height, width] bool, True inside the salient region.
      classes: [num_classes] uint8 class indices to choose from, without
        BACKGROUND.
      settings: Of which `unary`, `blur_px`, `crf` and `crf_extent` are used.

    Returns:
      [num_pixels] uint8 class indices of the pixels of the region, row by row.
    """
    box: tuple[slice, slice] = (slice(None), slice(None))
    nodes, origin = None, (0, 0)
    if settings.crf_extent == "region":
        left, top, width, height = cv2.boundingRect(region.view(np.uint8))
        box = np.s_[top : top + height, left : left + width]
        nodes, origin = region[box], (top, left)
    probabilities = _in_box(seeds, classes, settings.blur_px, box)
    energy = (
        -np.log(probabilities) if settings.unary == "log" else -probabilities
    )
    inferred = dense_crf.infer(image[box], energy, settings.crf, nodes, origin)
    return classes[inferred[region[box]].argmax(axis=-1)]


def _in_box(
    seeds: np.ndarray,
    classes: np.ndarray,
    blur_px: float,
    box: tuple[slice, slice],
) -> np.ndarray:
    """Returns `seed_probabilities` of a box, which rows far from it leave.

    Rows are blurred over their whole width, for the same rounding.
    """
    rows, columns = box
    top, bottom, _ = rows.indices(len(seeds))
    first = max(0, top - _radius(blur_px))
    near = seeds[first : bottom + _radius(blur_px)]
    found = seed_probabilities(near, classes, blur_px)
    return found[top - first : bottom - first, columns]


def _radius(blur_px: float) -> int:
    """Returns how far the kernel of the blur reaches, in pixels."""
    return int(4 * blur_px + 0.5)


def seed_probabilities(
    seeds: np.ndarray, classes: np.ndarray, blur_px: float
) -> np.ndarray:
    """Returns the probability of each class that its blurred seeds give.

    A class starts with probability HIGHEST on its seeds and LOWEST elsewhere;
    a Gaussian blur follows. The kernel is cut at four standard deviations, and
    the image is mirrored at its border with the border pixels repeated, as by
    SciPy's `gaussian_filter`.

    >>> import numpy as np
    >>> seeds = np.array([[0, 3, 3], [5, 0, 0]], np.uint8)
    >>> print(seed_probabilities(seeds, np.array([3, 5]), 0.0)[..., 0])
    [[0.001 0.999 0.999]
     [0.001 0.001 0.001]]

    Args:
      seeds: [height, width] uint8 class indices.
      classes: [num_classes] uint8 class indices.
      blur_px: Standard deviation in pixels; 0 leaves out the blur.

    Returns:
      [height, width, num_classes] float32 in [0.001, 0.999]; the classes do
      not sum to one.
    """
    size = (2 * _radius(blur_px) + 1, 2 * _radius(blur_px) + 1)
    blurred = [
        cv2.GaussianBlur(
            np.where(seeds == index, HIGHEST, LOWEST),
            size,
            blur_px,
            borderType=cv2.BORDER_REFLECT,
        )
        for index in classes
    ]
    return np.stack(blurred, axis=-1)
