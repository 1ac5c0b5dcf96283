"""Connected regions of a label map."""

import dataclasses
from collections.abc import Iterator

import cv2
import numpy as np

from guided_segmentation import labels


@dataclasses.dataclass(frozen=True)
class Instance:
    """A connected region of one class.

    Attributes:
      class_index: Of its class.
      row: First row of the region in the image.
      column: First column.
      mask: [height, width] bool, the region within its bounding box.
    """

    class_index: int
    row: int
    column: int
    mask: np.ndarray

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(self.mask.sum())


def instances(label_map: np.ndarray) -> Iterator[Instance]:
    """Finds the connected regions of each object.

    Pixels that touch at a corner are connected.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.

    Yields:
      The regions, by class index, from the top to the bottom.

    Example:
      >>> label_map = np.array([[1, 0, 2], [0, 1, 2], [0, 0, 1]], np.uint8)
      >>> [(each.class_index, each.area) for each in instances(label_map)]
      [(1, 3), (2, 2)]
    """
    counts = np.bincount(label_map.ravel(), minlength=256)
    for index in range(1, labels.IGNORE):
        if not counts[index]:
            continue
        of_class = (label_map == index).astype(np.uint8)
        _, regions, stats, _ = cv2.connectedComponentsWithStats(of_class)
        for number, (left, top, width, height, _) in enumerate(stats.tolist()):
            if number == 0:  # Everything else.
                continue
            box = slice(top, top + height), slice(left, left + width)
            yield Instance(index, top, left, regions[box] == number)
