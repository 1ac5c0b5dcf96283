"""One polygon around a region, holes included.

Corners are pixels: (x, y) is the pixel of column x and row y. Tools that fill
a polygon together with its outline, as OpenCV and Pillow do, get the region
back.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from guided_segmentation.exports.instances import Instance

_TOLERANCE_PX = 0.5  # By which the outline of a large region is simplified.
_LARGE = 5000  # Its pixels.
_MAX_COMPARED = 2000  # Corners of each side, to find a short bridge.


def polygon(instance: Instance) -> np.ndarray:
    """Returns the outline of a region, joined with those of its holes.

    Args:
      instance: The region.

    Returns:
      [corners, 2] int columns and rows in the image, at least three; those of
      a region of one or two pixels repeat.

    Example:
      >>> square = Instance(1, 10, 20, np.ones((4, 4), bool))
      >>> sorted(polygon(square).tolist())
      [[20, 10], [20, 13], [23, 10], [23, 13]]
    """
    mask = np.pad(instance.mask, 1).astype(np.uint8)
    contours, hierarchy = cv2.findContours(
        mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    tolerance = _TOLERANCE_PX if instance.area >= _LARGE else 0.0
    simple = [
        cv2.approxPolyDP(contour, tolerance, True)[:, 0] for contour in contours
    ]
    is_hole = hierarchy[0, :, 3] >= 0
    outline = next(
        c for c, hole in zip(simple, is_hole, strict=True) if not hole
    )
    holes = [c for c, hole in zip(simple, is_hole, strict=True) if hole]
    corners = _joined(outline, holes)
    corners = corners + np.array([instance.column - 1, instance.row - 1])
    repeats = max(0, 3 - len(corners))
    return np.concatenate([corners, np.repeat(corners[-1:], repeats, axis=0)])


def _joined(outline: np.ndarray, holes: Sequence[np.ndarray]) -> np.ndarray:
    """Joins holes to an outline, those nearest to it first."""
    order = sorted(holes, key=lambda hole: _nearest(outline, hole)[2])
    for hole in order:
        at, to, _ = _nearest(outline, hole)
        outline = np.concatenate(
            [outline[: at + 1], hole[to:], hole[: to + 1], outline[at:]]
        )
    return outline


def _nearest(outline: np.ndarray, hole: np.ndarray) -> tuple[int, int, int]:
    """Finds corners of an outline and a hole that lie close.

    Returns:
      Index into `outline`, index into `hole`, and the squared distance.
    """
    steps = [1 + len(each) // _MAX_COMPARED for each in (outline, hole)]
    some, others = outline[:: steps[0]], hole[:: steps[1]]
    distances = ((some[:, None] - others[None]) ** 2).sum(-1)
    at, to = np.unravel_index(distances.argmin(), distances.shape)
    return (
        int(at) * steps[0],
        int(to) * steps[1],
        int(distances[at, to]),
    )
