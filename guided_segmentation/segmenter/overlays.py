"""Pictures of label maps over their photographs, for people to look at."""

import cv2
import numpy as np

from guided_segmentation import artifacts, large, visualize

OVERLAY_PX = 1600  # Longer side of an overlay.
_QUALITY = 90


def overlay(image: np.ndarray, label_map: np.ndarray) -> np.ndarray:
    """Draws a label map over its photograph, at most OVERLAY_PX a side.

    Args:
      image: [height, width, 3] uint8 RGB, of any size with the aspect ratio
        of the label map.
      label_map: [height, width] uint8 class indices and IGNORE.

    Returns:
      [rows, columns, 3] uint8 RGB; label maps are not enlarged.
    """
    height, width = label_map.shape
    scale = min(1.0, OVERLAY_PX / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    if image.shape[:2] != (rows, columns):
        image = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    return visualize.overlay(image, large.enlarged(label_map, rows, columns))


def write(
    path: artifacts.Path, image: np.ndarray, label_map: np.ndarray
) -> None:
    """Writes an overlay as a JPEG.

    Args:
      path: The file.
      image: As `overlay` takes it.
      label_map: As `overlay` takes it.
    """
    content = visualize.jpeg(overlay(image, label_map), _QUALITY)
    artifacts.write_bytes(path, content)
