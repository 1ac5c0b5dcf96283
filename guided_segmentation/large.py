"""Photographs too large to hold their probabilities in memory.

Probabilities of a 50-megapixel photograph and 21 classes take 4 GB, and a
dense CRF several times as much. Such a photograph is predicted and refined at
a smaller size; the probabilities are interpolated in strips.
"""

from collections.abc import Iterator

import cv2
import numpy as np

# Memory of a photograph that is predicted while another one is refined, at most
# and by pixel: the CRF's filter alone, and all copies of one class.
_MAX_BYTES = 900_000_000
_BYTES_OF_A_PIXEL = 275
_BYTES_OF_A_CLASS = 40
_MIN_PIXELS = 250_000  # About a photograph of VOC.
_STRIP_VALUES = 2**23
_MAX_CHANNELS = 100  # OpenCV 5 resizes up to 128.


def max_pixels(num_classes: int) -> int:
    """Returns the size up to which a photograph is predicted as it is.

    Args:
      num_classes: Classes of the network, background included.

    Returns:
      Height times width: 0.8 megapixels with 21 classes, more with fewer; at
      least 250,000.

    Example:
      >>> max_pixels(21), max_pixels(2), max_pixels(255)
      (807174, 2535211, 250000)
    """
    bytes_of_a_pixel = _BYTES_OF_A_PIXEL + _BYTES_OF_A_CLASS * num_classes
    return max(_MIN_PIXELS, _MAX_BYTES // bytes_of_a_pixel)


def reduced(image: np.ndarray, most: int) -> np.ndarray:
    """Resizes an image to at most `most` pixels by averaging areas.

    Args:
      image: [height, width, 3] uint8 RGB.
      most: Largest height times width.

    Returns:
      [rows, columns, 3] uint8 RGB of the same aspect ratio, rounded to whole
      pixels; `image` itself if it is small enough.
    """
    height, width = image.shape[:2]
    if height * width <= most:
        return image
    scale = (most / (height * width)) ** 0.5
    # A long row of pixels would still have too many of them.
    size = [min(most, max(1, int(side * scale))) for side in (width, height)]
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def resized(probabilities: np.ndarray, height: int, width: int) -> np.ndarray:
    """Interpolates probabilities bilinearly at another size.

    Args:
      probabilities: [rows, columns, num_classes] float32.
      height: Wanted height.
      width: Wanted width.

    Returns:
      [height, width, num_classes] float32; `probabilities` itself if it has
      this size.
    """
    if probabilities.shape[:2] == (height, width):
        return probabilities
    return np.concatenate(list(strips(probabilities, height, width)))


def strips(
    probabilities: np.ndarray, height: int, width: int
) -> Iterator[np.ndarray]:
    """Interpolates probabilities bilinearly, a few rows at a time.

    Args:
      probabilities: [rows, columns, num_classes] float32.
      height: Wanted height.
      width: Wanted width.

    Yields:
      [some rows, width, num_classes] float32, from the top to the bottom;
      `probabilities` itself if it has this size.

    Example:
      >>> column = np.array([[[0.0]], [[1.0]]], np.float32)
      >>> [strip.ravel().tolist() for strip in strips(column, 4, 1)]
      [[0.0, 0.25, 0.75, 1.0]]
    """
    rows, _, num_classes = probabilities.shape
    if probabilities.shape[:2] == (height, width):
        yield probabilities
        return
    centres = (np.arange(height) + 0.5) * rows / height - 0.5
    centres = np.clip(centres, 0, rows - 1).astype(np.float32)
    above = np.floor(centres).astype(int)
    below = np.minimum(above + 1, rows - 1)
    weights = (centres - above)[:, None, None]
    count = max(1, _STRIP_VALUES // (width * num_classes))
    for first in range(0, height, count):
        part = slice(first, first + count)
        upper, lower = probabilities[above[part]], probabilities[below[part]]
        yield _widened(upper + weights[part] * (lower - upper), width)


def enlarged(label_map: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes a label map to the nearest neighbour.

    Args:
      label_map: [rows, columns] uint8.
      height: Wanted height.
      width: Wanted width.

    Returns:
      [height, width] uint8; `label_map` itself if it has this size.
    """
    if label_map.shape == (height, width):
        return label_map
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
        for n, m in zip((height, width), label_map.shape, strict=True)
    )
    return label_map[rows[:, None], columns]


def _widened(strip: np.ndarray, width: int) -> np.ndarray:
    """Interpolates [rows, columns, num_classes] float32 along the columns."""
    rows, _, num_classes = strip.shape
    wide = np.empty((rows, width, num_classes), strip.dtype)
    for first in range(0, num_classes, _MAX_CHANNELS):
        part = strip[..., first : first + _MAX_CHANNELS]
        part = cv2.resize(part, (width, rows), interpolation=cv2.INTER_LINEAR)
        wide[..., first : first + _MAX_CHANNELS] = part.reshape(rows, width, -1)
    return wide
