"""Three photographs with boxes and masks, for the tests of masks."""

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.saliency import grabcut

SETTINGS = grabcut.GrabCutSettings()
BOX = np.array([2, 3, 12, 13])  # 100 pixels, 36 of them on the outline.
ROWS_AND_COLUMNS = {
    "good": (slice(4, 10), slice(4, 12)),
    "box": (slice(2, 12), slice(3, 13)),
    "half": (slice(2, 8), slice(3, 13)),
}


def source(name="greys", suffix=""):
    return schema.Source(
        name=name,
        image_ids=tuple(f"{each}{suffix}" for each in ROWS_AND_COLUMNS),
        image=lambda _: np.full((20, 20, 3), 99, np.uint8),
        boxes=lambda _: np.array([BOX - 1, BOX, BOX + 1]),
    )


def write_masks(folder, name="greys", suffix=""):
    """Writes a mask inside its box, the box itself, and its upper half."""
    for image_id, (rows, columns) in ROWS_AND_COLUMNS.items():
        mask = np.zeros((20, 20), np.uint8)
        mask[rows, columns] = 1
        artifacts.write_label_map(folder / f"{image_id}{suffix}.png", mask)
    return source(name, suffix)
