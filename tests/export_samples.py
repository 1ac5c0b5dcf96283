"""Label maps of drawn shapes, for the tests of exports."""

import cv2
import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema

LABEL_SET = labels.LabelSet(("snowy owl", "kot ąę", 'a "b"'))
SIZE = (150, 200)


def label_map():
    """A ring, a disc in it, a star, a line, and single pixels."""
    found = np.zeros(SIZE, np.uint8)
    cv2.circle(found, (60, 60), 45, 1, -1)
    cv2.circle(found, (60, 60), 25, 0, -1)
    cv2.circle(found, (30, 40), 6, 0, -1)  # A second hole.
    cv2.circle(found, (60, 60), 12, 2, -1)
    star = [(150, 20), (160, 60), (195, 70), (160, 80), (150, 120), (140, 70)]
    cv2.fillPoly(found, [np.array(star)], 3)
    found[140, 20:60] = 2
    found[145, 100], found[145, 110:112] = 1, 1
    found[:4] = 255
    return found


def write(folder, sub_folder="deep"):
    """Writes photographs and masks; returns their source."""
    maps = {"one": label_map(), f"{sub_folder}/none": 0 * label_map()}
    maps["without mask"] = None
    for image_id, found in maps.items():
        image = np.full((*SIZE, 3), 90, np.uint8)
        artifacts.write_image(folder / "photos" / f"{image_id}.png", image)
        if found is not None:
            path = folder / "masks" / f"{image_id}.png"
            artifacts.write_label_map(path, found)
    return schema.Source(
        name="shapes",
        image_ids=tuple(maps),
        image=lambda image_id: artifacts.read_image(
            folder / "photos" / f"{image_id}.png"
        ),
        photograph=lambda image_id: folder / "photos" / f"{image_id}.png",
    )


def iou(found, wanted):
    return (found & wanted).sum() / (found | wanted).sum()
