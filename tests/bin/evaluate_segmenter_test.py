"""bin/evaluate_segmenter: its flags."""

from unittest import mock

import numpy as np
import pytest
from binary_calls import FEW, all_right, assert_ends_well, calling, stand_in

from guided_segmentation import (
    artifacts,
)
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.evaluation import (
    folders,
    image_areas,
)
from guided_segmentation.report import figures


def test_flags_reach_what_evaluate_segmenter_calls(tmp_path, capsys, launcher):
    with calling(
        "evaluate_segmenter",
        stand_in(folders, "count", all_right()),
        stand_in(figures, "confusion_matrix"),
        **FEW,
        predictions_dir="/p",
        against="/a",
        output=f"{tmp_path}/scores.json",
    ) as (count, draw):
        pass
    shown = capsys.readouterr()
    assert count.call_args_list == [
        mock.call(mock.ANY, "/p"),
        mock.call(mock.ANY, "/a"),
    ]
    scores = artifacts.read_json(tmp_path / "scores.json")
    assert (scores["miou"], scores["images"]) == (1.0, 2)
    assert scores["miou_interval"] == [1.0, 1.0]
    assert scores["against"] == {
        "predictions_dir": "/a",
        "difference": 0.0,
        "interval": [0.0, 0.0],
    }
    confusion, classes, path = draw.call_args.args
    assert confusion.tolist() == scores["confusion"]
    assert classes == synthetic.LABEL_SET.classes
    assert path == tmp_path / "scores.png"
    assert len(image_areas.read(tmp_path / "scores.json").image_ids) == 2
    told = shown.out
    assert "mIoU 1.000  [1.000, 1.000]" in told
    assert "difference +0.000  [0.000, 0.000]" in told
    assert_ends_well(
        launcher,
        shown.err,
        f"scores of the predictions for 2 images are in {tmp_path}/scores.json",
    )


def test_predictions_for_drawn_scenes_are_compared(launcher, tmp_path):
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        truth = source.label_map(image_id)
        for name, label_map in {"t": truth, "none": 0 * truth}.items():
            path = tmp_path / name / f"{image_id}.png"
            artifacts.write_label_map(path, label_map)
    done = launcher.run(
        "evaluate_segmenter",
        "--num_images=3",
        f"--predictions_dir={tmp_path}/none",
        f"--against={tmp_path}/t",
        f"--output={tmp_path}/scores.json",
    )
    assert done.returncode == 0, done.stderr
    scores = artifacts.read_json(tmp_path / "scores.json")
    low, high = scores["miou_interval"]
    assert low <= scores["miou"] <= high < 1
    found = scores["against"]
    assert found["difference"] == scores["miou"] - 1
    assert found["interval"] == pytest.approx([low - 1, high - 1])
    columns = np.array(scores["confusion"]).sum(axis=0)
    assert columns[0] > 0
    assert not columns[1:].any()
    areas = image_areas.read(tmp_path / "scores.json")
    assert areas.image_ids == list(source.image_ids)
    assert areas.areas.total().mean_iou() == scores["miou"]
    assert (tmp_path / "scores.png").read_bytes()[1:4] == b"PNG"
