"""Boxes, erosion, dilation and depth of [height, width] bool masks."""

import numpy as np


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Returns the smallest box around a mask.

    Args:
      mask: [height, width] bool.

    Returns:
      (row_min, column_min, row_max, column_max), half-open, in pixels.

    Raises:
      ValueError: If the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        raise ValueError("wanted a mask with a box around it, found it empty")
    return (
        int(rows[0]),
        int(columns[0]),
        int(rows[-1]) + 1,
        int(columns[-1]) + 1,
    )


def erode(mask: np.ndarray, *, diagonal: bool = False) -> np.ndarray:
    """Removes a rim of one pixel; the border of the image is no edge.

    Args:
      mask: [height, width] bool.
      diagonal: Whether pixels have eight neighbours instead of four.

    Returns:
      [height, width] bool.
    """
    rows = mask.copy()
    rows[1:] &= mask[:-1]
    rows[:-1] &= mask[1:]
    both = rows.copy()
    across = rows if diagonal else mask
    both[:, 1:] &= across[:, :-1]
    both[:, :-1] &= across[:, 1:]
    return both


def dilate(mask: np.ndarray, steps: int) -> np.ndarray:
    """Adds a rim of `steps` pixels, in a window enlarged on every side.

    Args:
      mask: [height, width] bool.
      steps: Width of the rim in pixels, over four neighbours.

    Returns:
      [height + 2 steps + 2, width + 2 steps + 2] bool.
    """
    outside = ~np.pad(mask, steps + 1)
    for _ in range(steps):
        outside = erode(outside)
    return ~outside


def depths(mask: np.ndarray) -> np.ndarray:
    """Returns the distance of each pixel to the outside of the mask.

    Args:
      mask: [height, width] bool, False along the border.

    Returns:
      [height, width] int64 number of erosions that remove the pixel: 0
      outside, 1 along the inner edge. Erosions alternate between four and
      eight neighbours, so that equal distances form octagons.
    """
    depth = mask.astype(np.int64)
    left = mask
    for step in range(max(mask.shape)):
        left = erode(left, diagonal=step % 2 == 1)
        if not left.any():
            break
        depth += left
    return depth
