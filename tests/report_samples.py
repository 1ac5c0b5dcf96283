"""A summary, evaluations and a data set for the tests of the report."""

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.report import table_2

LABEL_SET = labels.LabelSet(("cat & dog", "rook"))
GUIDES = ("seeds_only", "g0", "g2", "saliency_oracle", "full")


def guide_scores(miou=0.5):
    return {
        "miou": miou,
        "fg": {"precision": 0.734, "recall": 0.591},
        "bg": {"precision": 0.871, "recall": 0.948},
        "ignored": 0.125,
    }


def summary(guides=GUIDES):
    segmenters = {
        name: {"miou": 0.3 + 0.05 * index, "images": 3}
        for index, name in enumerate(guides)
    }
    return {
        "guides": {name: guide_scores() for name in guides},
        "segmenters": segmenters,
        "full_supervision": segmenters.get("full"),
        "percent_of_full_supervision": table_2.percent_of_full_supervision(
            segmenters, "g2"
        ),
        "seconds": {"train_seeder": 3725.0, "make_seeds": 0.0},
        "reused": ["make_seeds"],
        "settings": {"train_seeder": "train_seeder --a='<b>'"},
        "versions": {"python": "3.11"},
    }


def evaluations(guides=GUIDES, classes=("background", "cat & dog", "rook")):
    iou = dict.fromkeys(classes, 0.25) | {classes[-1]: None}
    found = {name: {"miou": 0.5, "iou": iou} for name in guides}
    return {"guides": found, "segmenters": found, "crf": {}}


def source(num_images=5, with_truth=True):
    image = np.full((20, 30, 3), 90, np.uint8)
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 15:] = 2
    return schema.Source(
        name="drawn/train",
        image_ids=tuple(f"<{index}>" for index in range(num_images)),
        image=lambda image_id: image,
        image_labels=lambda image_id: labels.present(truth, 2),
        label_map=(lambda image_id: truth) if with_truth else None,
        label_set=LABEL_SET,
    )


def write_folders(folder):
    """Writes seeds, guides and saliency maps of every image."""
    for image_id in source().image_ids:
        for name in ("seeds", *GUIDES):
            path = folder / name / f"{image_id}.png"
            artifacts.write_label_map(path, np.ones((20, 30), np.uint8))
        path = folder / "saliency" / f"{image_id}.png"
        artifacts.write_saliency_map(path, np.ones((20, 30)))
