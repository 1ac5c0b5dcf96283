"""Connected components: salient regions, seeds, and which of them touch."""

import cv2
import numpy as np

from guided_segmentation.guides.evidence import present_classes
from guided_segmentation.labels import BACKGROUND, IGNORE


def components(mask: np.ndarray, min_area_px: float) -> np.ndarray:
    """Numbers the 8-connected components of a mask.

    Args:
      mask: [height, width] bool.
      min_area_px: Smallest area of a component. Lines, one pixel high or
        wide, are dropped at any length.

    Returns:
      [height, width] int32: the component's number, from 1 on; 0 outside the
      mask and on what is dropped.
    """
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    kept &= stats[:, cv2.CC_STAT_WIDTH] > 1
    kept &= stats[:, cv2.CC_STAT_HEIGHT] > 1
    kept[0] = False  # What cv2 counts first is outside the mask.
    return np.where(kept, np.cumsum(kept), 0).astype(np.int32)[numbers]


def seed_components(
    seeds: np.ndarray, image_labels: np.ndarray, min_area_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the components of the background and of each present object.

    Args:
      seeds: [height, width] uint8 class indices; 0 where no seed fired.
      image_labels: [num_objects] bool; other objects' seeds are not heard.
      min_area_px: Smallest area of a component.

    Returns:
      [height, width] int32 numbers as `components` gives them, and
      [num_components + 1] uint8 their classes; class IGNORE at number 0.
    """
    parts = np.zeros(seeds.shape, np.int32)
    classes = [IGNORE]
    for index in [BACKGROUND, *present_classes(image_labels)]:
        found = components(seeds == index, min_area_px)
        parts = np.where(found, found + len(classes) - 1, parts)
        classes += [index] * int(found.max())
    return parts, np.array(classes, np.uint8)


def touching(regions: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Tells which components of two numberings share a pixel.

    Args:
      regions: [height, width] int32 numbers; 0 belongs to none.
      parts: [height, width] int32 numbers; 0 belongs to none.

    Returns:
      [num_regions + 1, num_parts + 1] bool; row 0 and column 0 are False.
    """
    shape = regions.max() + 1, parts.max() + 1
    pairs = regions.ravel().astype(np.int64) * shape[1] + parts.ravel()
    counts = np.bincount(pairs, minlength=shape[0] * shape[1])
    touches = counts.reshape(shape) > 0
    touches[0] = touches[:, 0] = False
    return touches
