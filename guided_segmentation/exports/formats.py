"""The formats by name, and the function that writes any of them."""

import pathlib

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.exports import coco, labelme, yolo

_WRITERS = {"coco": coco.write, "labelme": labelme.write, "yolo": yolo.write}
# Name of the file or folder of each format within a folder of exports.
KINDS = {"coco": "coco.json", "labelme": "labelme", "yolo": "yolo"}


def write(
    kind: str,
    source: schema.Source,
    masks_dir: artifacts.Path,
    label_set: labels.LabelSet,
    path: artifacts.Path,
) -> int:
    """Writes the label maps of a folder in the format of another tool.

    Args:
      kind: Key of KINDS.
      source: The photographs; those without a label map are left out.
      masks_dir: Folder of <image_id>.png.
      label_set: The classes.
      path: The JSON file of "coco"; the folder of "labelme" and "yolo", whose
        other files stay.

    Returns:
      How many instances were written.

    Raises:
      InputError: If there is no such format, its package is not installed, no
        photograph has a label map, or a label map has other classes.
    """
    if kind not in _WRITERS:
        raise InputError(
            f"wanted an export to {', '.join(KINDS)}, found {kind!r}"
        )
    image_ids = [
        image_id
        for image_id in source.image_ids
        if pathlib.Path(masks_dir, f"{image_id}.png").exists()
    ]
    if not image_ids:
        raise InputError(
            f"{masks_dir}: wanted label maps of {source.name}, found none; "
            f"run bin/segment_images"
        )

    def label_map(image_id: str) -> np.ndarray:
        file = pathlib.Path(masks_dir, f"{image_id}.png")
        found = artifacts.read_label_map(file)
        return labels.check(found, label_set.num_classes, str(file))

    return _WRITERS[kind](source, image_ids, label_map, label_set, path)
