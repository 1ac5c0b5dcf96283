"""The scores of an experiment end in one summary."""

import numpy as np
import pytest
import stand_ins
from stand_ins import plan, summarized, write_scores

from guided_segmentation import artifacts, experiments
from guided_segmentation.evaluation import image_areas, mean_iou
from guided_segmentation.experiments import runner


@pytest.fixture
def bin_dir(tmp_path):
    return stand_ins.write_binaries(tmp_path / "bin")


def test_the_summary_says_what_g2_reaches_of_full(tmp_path):
    write_scores(tmp_path, "g2", 0.4, crf=0.45)
    write_scores(tmp_path, "full", 0.5, crf=0.6)
    summary = summarized(tmp_path, plan("g2", "full", crf=True))
    assert summary["guides"]["g2"] == {
        "miou": 0.5,
        "fg": {"precision": 0.7, "recall": 0.6},
        "bg": {"precision": 0.8, "recall": 0.9},
        "ignored": 0.1,
        "images": 4,
    }
    assert summary["full_supervision"] == {
        "miou": 0.5,
        "images": 3,
        "miou_crf": 0.6,
    }
    assert summary["segmenters"]["g2"]["miou"] == 0.4
    assert summary["percent_of_full_supervision"] == pytest.approx(80)
    assert summary["seconds"]["train_seeder"] == 1.3
    assert summary == artifacts.read_json(tmp_path / "summary.json")


def test_intervals_and_paired_differences_reach_the_summary(tmp_path):
    union = np.arange(1, 6)[:, None] * np.array([100, 40])
    for guide, miou in (
        ("seeds_only", 0.25),
        ("g2", 0.5),
        ("full", 0.75),
    ):
        write_scores(tmp_path, guide, miou, crf=miou)
        areas = mean_iou.Areas((miou * union).astype(int), union, 0 * union)
        for kind in ("", "_crf"):
            path = tmp_path / "evaluation" / f"segmenter_{guide}{kind}.json"
            ends = {"miou_interval": [miou, miou + 0.1]}
            artifacts.write_json(path, {**artifacts.read_json(path), **ends})
            image_areas.write(path, list("abcde"), areas)
    found = plan("seeds_only", "g2", "full", crf=True)
    summary = summarized(tmp_path, found)
    assert summary["segmenters"]["g2"] == {
        "miou": 0.5,
        "miou_interval": [0.5, 0.6],
        "images": 3,
        "miou_crf": 0.5,
        "miou_crf_interval": [0.5, 0.6],
    }
    for key in ("miou", "miou_crf"):
        gain = summary["paired"][key]["g2"]["over_seeds_only"]
        assert gain == {"difference": 0.25, "interval": [0.25, 0.25]}
        share = summary["paired"][key]["g2"]["of_full_supervision"]
        assert share["percent"] == pytest.approx(200 / 3)


def test_scores_without_areas_are_summarized_without_intervals(tmp_path):
    write_scores(tmp_path, "g2", 0.4)
    summary = summarized(tmp_path, plan("g2"))
    assert summary["paired"] == {"miou": {}, "miou_crf": {}}
    assert summary["segmenters"]["g2"] == {"miou": 0.4, "images": 3}


def test_a_summary_without_full_has_no_percentage(tmp_path):
    write_scores(tmp_path, "g2", 0.4)
    summary = summarized(tmp_path, plan("g2"))
    assert summary["full_supervision"] is None
    assert summary["percent_of_full_supervision"] is None


def test_a_missing_score_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*guides_g2.json"):
        experiments.evaluations(tmp_path, plan("g2"))


def test_the_summary_does_not_depend_on_the_folder(bin_dir, tmp_path):
    found = plan("g2", "full")
    summaries = []
    for name in ("work_a", "work_b"):
        runner.run(found, tmp_path / name, bin_dir)
        summaries.append(experiments.summarize(tmp_path / name, found))
        summaries[-1].pop("seconds")
    assert summaries[0] == summaries[1]
    assert summaries[0]["full_supervision"]["miou"] > 0
