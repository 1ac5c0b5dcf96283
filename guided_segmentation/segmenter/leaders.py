"""The most probable class of each pixel and its lead, in one pass.

Probabilities lie class by class within a pixel. Blocks of pixels that fit a
core's cache are turned into planes, one a class, on which NumPy's elementwise
operations run at full speed: a tenth of the time of an argmax and a margin
over the last axis.
"""

import cv2
import numpy as np

_BLOCK_VALUES = 2**17  # Half a megabyte.


def leading(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns decision.most_probable and decision.margins of all pixels.

    Both are equal to those, bit for bit.

    Args:
      probabilities: [height, width, num_classes] float32 in [0, 1], of at
        least two classes.

    Returns:
      [height, width] uint8 class indices, of equal probabilities the first,
      and [height, width] float32 margins in [0, 1].

    Example:
      >>> pixels = np.array([[[0.5, 0.25, 0.25], [0.25, 0.0, 0.75]]])
      >>> classes, margins = leading(pixels)
      >>> classes.tolist(), margins.tolist()
      ([[0, 2]], [[0.25, 0.5]])
    """
    *shape, num_classes = probabilities.shape
    pixels = probabilities.reshape(-1, num_classes)
    classes = np.empty(len(pixels), np.uint8)
    margins = np.empty(len(pixels), probabilities.dtype)
    count = max(1, _BLOCK_VALUES // num_classes)
    for first in range(0, len(pixels), count):
        part = slice(first, first + count)
        planes = cv2.transpose(pixels[part])
        margins[part], highest = _margins(planes)
        classes[part] = _first_equal(planes, highest)
    return classes.reshape(shape), margins.reshape(shape)


def _margins(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns highest minus second, and highest, of [num_classes, n]."""
    highest = planes[0].copy()
    second, lower = np.zeros_like(highest), np.empty_like(highest)
    for plane in planes[1:]:
        np.minimum(highest, plane, out=lower)
        np.maximum(second, lower, out=second)
        np.maximum(highest, plane, out=highest)
    return highest - second, highest


def _first_equal(planes: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Returns how many planes come before the first that is the highest."""
    is_lower = planes[0] != highest
    count = is_lower.astype(np.uint8)
    for plane in planes[1:-1]:
        is_lower &= plane != highest
        count += is_lower
    return count
