"""A JSON file of polygons beside each photograph's name, as labelme reads."""

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.exports import files
from guided_segmentation.exports.instances import instances
from guided_segmentation.exports.polygons import polygon

_VERSION = "5.5.0"  # Of the format.


def write(
    source: schema.Source,
    image_ids: Sequence[str],
    label_map: Callable[[str], np.ndarray],
    label_set: labels.LabelSet,
    path: artifacts.Path,
) -> int:
    """Writes <image_id>.json for each image.

    Args:
      source: The photographs; each file refers to its own by a relative path.
        Photographs that are no files are written beside it.
      image_ids: Which of them.
      label_map: Takes an id; returns its [height, width] uint8 label map.
      label_set: The classes.
      path: The folder.

    Returns:
      How many polygons were written.
    """
    count = 0
    for image_id in image_ids:
        file = pathlib.Path(path, f"{image_id}.json")
        found = label_map(image_id)
        shapes = [
            {
                "label": label_set.classes[instance.class_index],
                "points": polygon(instance).astype(float).tolist(),
                "group_id": None,
                "description": "",
                "shape_type": "polygon",
                "flags": {},
                "mask": None,
            }
            for instance in instances(found)
        ]
        count += len(shapes)
        content: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": _photograph(source, image_id, file),
            "imageData": None,
            "imageHeight": found.shape[0],
            "imageWidth": found.shape[1],
        }
        artifacts.write_json(file, content)
    return count


def _photograph(
    source: schema.Source, image_id: str, file: pathlib.Path
) -> str:
    """Returns the path of the photograph, relative to the JSON file."""
    if source.photograph is None:
        picture = file.with_name(f"{file.stem}.png")
        files.link_photograph(source, image_id, picture)
        return picture.name
    return os.path.relpath(source.photograph(image_id), file.parent.resolve())
