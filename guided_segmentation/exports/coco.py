"""COCO's JSON with run-length encoded instances, which are exact."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from guided_segmentation import artifacts, extras, labels
from guided_segmentation.datasets import schema
from guided_segmentation.exports import files
from guided_segmentation.exports.instances import Instance, instances


def write(
    source: schema.Source,
    image_ids: Sequence[str],
    label_map: Callable[[str], np.ndarray],
    label_set: labels.LabelSet,
    path: artifacts.Path,
) -> int:
    """Writes one JSON file; category ids are class indices.

    Args:
      source: The photographs.
      image_ids: Which of them.
      label_map: Takes an id; returns its [height, width] uint8 label map.
      label_set: The classes.
      path: The file.

    Returns:
      How many instances were written.

    Raises:
      InputError: If pycocotools is not installed.
    """
    run_lengths = extras.imported("pycocotools.mask", "export", "COCO export")
    pictures: list[dict] = []
    annotations: list[dict] = []
    for number, image_id in enumerate(image_ids, 1):
        found = label_map(image_id)
        height, width = found.shape
        pictures.append(
            {
                "id": number,
                "file_name": files.photograph_name(source, image_id),
                "height": height,
                "width": width,
            }
        )
        for instance in instances(found):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    **_annotation(instance, found.shape, run_lengths.encode),
                }
            )
    categories = [
        {"id": index, "name": name, "supercategory": ""}
        for index, name in enumerate(label_set.objects, 1)
    ]
    content = {
        "info": {"description": f"Masks of {source.name}"},
        "images": pictures,
        "annotations": annotations,
        "categories": categories,
    }
    artifacts.write_json(path, content)
    return len(annotations)


def _annotation(
    instance: Instance, shape: tuple[int, ...], encode: Callable
) -> dict[str, Any]:
    """Returns class, run lengths, area and box of an instance."""
    mask = np.zeros(shape, np.uint8, order="F")
    height, width = instance.mask.shape
    top, left = instance.row, instance.column
    mask[top : top + height, left : left + width] = instance.mask
    encoded = encode(mask)
    return {
        "category_id": instance.class_index,
        "segmentation": {
            "size": list(shape),
            "counts": encoded["counts"].decode(),
        },
        "area": instance.area,
        "bbox": [left, top, width, height],
        "iscrowd": 0,
    }
