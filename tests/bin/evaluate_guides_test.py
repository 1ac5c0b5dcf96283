"""bin/evaluate_guides: its flags and bad input."""

from unittest import mock

import pytest
from binary_calls import (
    FEW,
    all_right,
    assert_ends_well,
    calling,
    half_right,
    stand_in,
)
from damaged_data import (
    IDS,
    colour_seeds,
    error_of,
    forget_seeds,
    invent_seeded_class,
    leave_as_it_is,
    shrink_seeds,
)

from guided_segmentation import (
    artifacts,
)
from guided_segmentation.evaluation import (
    folders,
    image_areas,
)


def test_flags_reach_what_evaluate_guides_calls(tmp_path, capsys, launcher):
    with calling(
        "evaluate_guides",
        stand_in(folders, "count", all_right()),
        stand_in(folders, "saliency", half_right()),
        **FEW,
        guides_dir="/g",
        saliency_dir="/m",
        output=f"{tmp_path}/scores.json",
    ) as (count, saliency):
        pass
    shown = capsys.readouterr()
    assert count.call_args == mock.call(mock.ANY, "/g")
    assert saliency.call_args == mock.call(mock.ANY, "/m")
    scores = artifacts.read_json(tmp_path / "scores.json")
    assert (scores["miou"], scores["images"]) == (1.0, 2)
    assert scores["miou_interval"] == [1.0, 1.0]
    assert scores["labelled_only"]["miou_interval"] == [1.0, 1.0]
    assert scores["saliency"]["iou"] == 0.5
    assert "mIoU 100.0 [100.0, 100.0]" in shown.out
    found = image_areas.read(tmp_path / "scores.json")
    assert len(found.image_ids) == 2
    assert_ends_well(
        launcher,
        shown.err,
        f"scores of the guides of 2 images are in {tmp_path}/scores.json",
    )


@pytest.mark.parametrize(
    "flags",
    [
        ("evaluate_seeds",),
        ("evaluate_saliency", "--saliency_dir=maps"),
        ("evaluate_guides", "--guides_dir=guides"),
        ("evaluate_segmenter", "--predictions_dir=predictions"),
    ],
)
def test_scores_go_to_json(launcher, tmp_path, flags):
    done = launcher.run(*flags, f"--output={tmp_path}/scores.png")
    assert error_of(done) == (
        f"error: --output: wanted a name in .json, found {tmp_path}/scores.png"
    )


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (leave_as_it_is, None),
        (shrink_seeds, [f"/seeds/{IDS[1]}.png: truth and prediction", (9, 9)]),
        (colour_seeds, [f"/seeds/{IDS[1]}.png", "found colours (mode RGB)"]),
        (invent_seeded_class, [f"/seeds/{IDS[1]}.png", 77]),
        (forget_seeds, ["/seeds has no file for 1 of 2 images", IDS[1]]),
    ],
)
def test_bad_label_maps_are_not_scored(launcher, voc, tmp_path, damage, told):
    damage(voc)
    done = launcher.run(
        "evaluate_guides",
        "--dataset=pascal_voc",
        f"--data_dir={voc.root}",
        f"--guides_dir={voc.root}/seeds",
        f"--output={tmp_path}/scores.json",
    )
    assert (done.returncode == 0) == (told is None)
    if told:
        line = error_of(done)
        assert not [text for text in told if str(text) not in line], line
        assert not (tmp_path / "scores.json").exists()
