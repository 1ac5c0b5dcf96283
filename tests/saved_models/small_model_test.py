"""The small segmenter of saved_models/ is complete and as good as its card."""

import hashlib
import pathlib
import re

import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.datasets import synthetic
from guided_segmentation.evaluation import mean_iou

SAVED_MODELS = pathlib.Path(__file__).parents[2] / "saved_models"
FOLDER = SAVED_MODELS / "guided_segmentation_small/1"
SCENES = synthetic.source("val")


def files():
    return [path for path in FOLDER.rglob("*") if path.is_file()]


def test_it_has_at_most_three_megabytes():
    assert 1e6 < sum(path.stat().st_size for path in files()) <= 3e6


def test_every_file_has_its_checksum():
    lines = (FOLDER / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in map(str.split, lines)}
    found = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in files()
    }
    del found["SHA256SUMS"]
    assert {
        name: hashlib.sha256(content).hexdigest()
        for name, content in found.items()
    } == listed


def test_it_reaches_the_mean_iou_of_its_card():
    stated = re.search(
        r"^\| miou \| ([\d.]+) ", (FOLDER / "README.md").read_text(), re.M
    )
    assert float(stated[1]) > 0.5
    assert mean_iou_on_synthetic_scenes() == pytest.approx(
        float(stated[1]), abs=0.001
    )


def mean_iou_on_synthetic_scenes():
    names = (FOLDER / "assets.extra/labels.txt").read_text().split()
    assert names == ["background", *SCENES.label_set.objects]
    segment = tf.saved_model.load(str(FOLDER)).signatures["serving_default"]
    counts = 0
    for scene in SCENES.image_ids:
        image = tf.constant(SCENES.image(scene)[np.newaxis])
        label_map = segment(image=image)["label_map"][0].numpy()
        counts += mean_iou.confusion(
            SCENES.label_map(scene), label_map, len(names)
        )
    return mean_iou.mean_iou(counts)
