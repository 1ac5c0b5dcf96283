"""Polygons as YOLO's segmentation trainers read them, with data.yaml.

images/ holds links to the photographs, labels/ a text file for each: a line
for a polygon, with the class counted from 0 and the corners as fractions of
width and height.
"""

import json
import pathlib
from collections.abc import Callable, Sequence

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.exports import files
from guided_segmentation.exports.instances import Instance, instances
from guided_segmentation.exports.polygons import polygon

# Readers multiply the fractions by the size and cut off what is behind the
# point: without this, corners would fall to the pixel before.
_INSIDE_PX = 0.1


def write(
    source: schema.Source,
    image_ids: Sequence[str],
    label_map: Callable[[str], np.ndarray],
    label_set: labels.LabelSet,
    path: artifacts.Path,
) -> int:
    """Writes images/, labels/ and data.yaml.

    Args:
      source: The photographs.
      image_ids: Which of them.
      label_map: Takes an id; returns its [height, width] uint8 label map.
      label_set: The classes.
      path: The folder.

    Returns:
      How many polygons were written.
    """
    path = pathlib.Path(path)
    count = 0
    for image_id in image_ids:
        name = files.photograph_name(source, image_id)
        files.link_photograph(source, image_id, path / "images" / name)
        found = label_map(image_id)
        lines = [_line(each, found.shape) for each in instances(found)]
        count += len(lines)
        text = "".join(f"{line}\n" for line in lines)
        file = path / "labels" / f"{image_id}.txt"
        artifacts.write_bytes(file, text.encode())
    artifacts.write_bytes(path / "data.yaml", _data(label_set).encode())
    return count


def _line(instance: Instance, shape: tuple[int, ...]) -> str:
    """Returns the class from 0 and the corners as fractions."""
    corners = (polygon(instance) + _INSIDE_PX) / shape[::-1]
    numbers = " ".join(f"{value:.7f}" for value in corners.ravel())
    return f"{instance.class_index - 1} {numbers}"


def _data(label_set: labels.LabelSet) -> str:
    """Returns data.yaml; JSON's strings are strings in YAML too."""
    names = "".join(
        f"  {index}: {json.dumps(name)}\n"
        for index, name in enumerate(label_set.objects)
    )
    return f"train: images\nval: images\nnames:\n{names}"
