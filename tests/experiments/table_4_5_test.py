import re

import numpy as np
import pytest

from guided_segmentation import artifacts, crf, experiments, guides
from guided_segmentation.evaluation import image_areas, mean_iou
from guided_segmentation.experiments import table_4_5
from guided_segmentation.networks import builders
from guided_segmentation.report import numbers

TRAIN, VAL = ("--split=trainaug",), ("--split=val",)


def plan(*rows, seeders=("gap_highres",), more=None):
    return table_4_5.plan(rows, seeders, TRAIN, VAL, more or {})


def named(stages, start):
    return [each for each in stages if each.name.startswith(start)]


def test_every_row_names_crfs_and_guides_that_exist():
    for row in table_4_5.ROWS.values():
        for name in (row.seed, row.loss, row.postproc):
            assert name == "none" or name in crf.SETTINGS
        assert row.guide in guides.GUIDES
    assert set(table_4_5.SEEDERS) <= set(builders.BUILDERS)
    assert set(table_4_5.PAPER) <= set(table_4_5.SEEDERS)
    for rows in table_4_5.PAPER.values():
        assert set(rows) <= set(table_4_5.ROWS)


def test_the_gains_of_the_paper_are_those_it_prints():
    """Over the best CRF: 4.8 with GAP-HighRes; the rest of table 4 alike."""
    printed = {
        "gap_highres": {
            "plain": -12.9, "loss_v1": -4.0, "post_v1": -4.9, "saliency": 4.8,
            "loss_v2_post_v2": -5.2, "seed_v1": -17.4,
        },
        "gap_roi": {
            "plain": -12.8, "loss_v1_post_v1": -5.4, "loss_v2_post_v2": -6.2,
            "saliency": 4.2,
        },
    }  # fmt: skip
    best = table_4_5.PAPER["gap_highres"]["loss_v1_post_v1"]
    for seeder, gains in printed.items():
        for row, gain in gains.items():
            found = table_4_5.PAPER[seeder][row] - best
            assert found == pytest.approx(gain)


def test_rows_share_what_their_crfs_do_not_reach():
    """A training for each crf-loss of each guide, and one for other seeds."""
    found = plan(*table_4_5.ROWS)
    assert len(named(found, "train_seeder")) == 1
    assert [x.name for x in named(found, "make_seeds")] == [
        "make_seeds_gap_highres_seed_none",
        "make_seeds_gap_highres_seed_v1",
    ]
    assert [x.output for x in named(found, "train_segmenter")] == [
        "crfs/gap_highres/segmenter_seeds_only_seed_none_loss_none",
        "crfs/gap_highres/segmenter_seeds_only_seed_none_loss_v1",
        "crfs/gap_highres/segmenter_seeds_only_seed_none_loss_v2",
        "crfs/gap_highres/segmenter_seeds_only_seed_v1_loss_none",
        "crfs/gap_highres/segmenter_g2_seed_none_loss_none",
        "crfs/gap_highres/segmenter_g2_seed_none_loss_v2",
    ]
    assert len(named(found, "segment_images")) == len(table_4_5.ROWS)
    assert len(named(found, "evaluate_segmenter")) == len(table_4_5.ROWS)


def test_crfs_reach_the_binaries_of_their_row():
    found = plan("seed_v1", "loss_v2_post_v2")
    commands = {each.name: each.command for each in found}
    assert commands["make_seeds_gap_highres_seed_v1"] == (
        "make_seeds",
        "--split=trainaug",
        "--seeder_dir={work_dir}/seeders/gap_highres",
        "--seed_crf=v1",
        "--output_dir={work_dir}/crfs/gap_highres/seed_v1",
    )
    name = "seeds_only_seed_none_loss_v2"
    assert commands[f"train_segmenter_gap_highres_{name}"] == (
        "train_segmenter",
        "--split=trainaug",
        "--guide=seeds_only",
        "--seeds_dir={work_dir}/crfs/gap_highres/seed_none",
        "--crf_loss=v2",
        f"--work_dir={{work_dir}}/crfs/gap_highres/segmenter_{name}",
    )
    assert commands["segment_images_gap_highres_loss_v2_post_v2"] == (
        "segment_images",
        "--split=val",
        f"--segmenter_dir={{work_dir}}/crfs/gap_highres/segmenter_{name}",
        "--crf=v2",
        "--output_dir={work_dir}/crfs/gap_highres/predictions_loss_v2_post_v2",
    )


def test_every_stage_reads_what_an_earlier_one_wrote():
    found = experiments.plan(
        experiments.Settings(
            guides=(),
            crf_rows=tuple(table_4_5.ROWS),
            crf_seeders=("gap_highres", "gap_roi"),
        )
    )
    needs = {each.name: each.needs for each in found}
    for seeder in ("gap_highres", "gap_roi"):
        trained = f"train_segmenter_{seeder}_g2_seed_none_loss_none"
        assert needs[f"make_seeds_{seeder}_seed_v1"] == (
            f"train_seeder_{seeder}",
        )
        assert set(needs[trained]) == {
            "make_saliency",
            f"make_seeds_{seeder}_seed_none",
        }
        assert needs[f"segment_images_{seeder}_saliency"] == (trained,)
        assert needs[f"evaluate_segmenter_{seeder}_saliency"] == (
            f"segment_images_{seeder}_saliency",
        )
    assert "train_seeder" not in needs


def test_rows_of_seeds_alone_want_no_saliency():
    found = experiments.plan(
        experiments.Settings(guides=(), crf_rows=("plain", "seed_v1"))
    )
    assert not [each for each in found if "saliency" in each.name]


def test_the_network_of_table_1_is_trained_once():
    both = experiments.Settings(
        guides=(), seeders=("gap_highres",), crf_rows=("plain",)
    )
    found = experiments.plan(both)
    assert len(named(found, "train_seeder")) == 1


def test_more_flags_know_their_seeder_and_guide():
    more = {"segmenter": ("--a={work_dir}/{seeder}/{guide}",)}
    (found,) = named(plan("plain", more=more), "train_segmenter")
    assert found.command[-1] == "--a={work_dir}/gap_highres/seeds_only"


def write_score(work_dir, row, miou, areas=True):
    """Of five images whose classes all have the same IoU."""
    path = work_dir / f"evaluation/crf_gap_roi_{row}.json"
    ends = {} if miou is None else {"miou_interval": [miou, miou + 0.1]}
    artifacts.write_json(path, {"miou": miou, **ends, "images": 5})
    if areas:
        union = np.arange(1, 6)[:, None] * np.array([100, 40])
        found = mean_iou.Areas((miou * union).astype(int), union, 0 * union)
        image_areas.write(path, list("abcde"), found)


def test_the_table_stands_beside_the_papers(tmp_path):
    stages = plan("plain", "saliency", "loss_v1", seeders=("gap_roi",))
    write_score(tmp_path, "plain", 0.25)
    write_score(tmp_path, "saliency", 0.5)
    write_score(tmp_path, "loss_v1", None, areas=False)
    found = table_4_5.scores(tmp_path, stages)
    rows = table_4_5.table(found).splitlines()
    no = numbers.DASH
    assert [re.split(r" {2,}", row.strip()) for row in rows] == [
        ["crf-seed", "crf-loss", "crf-postproc", "val mIoU", "over plain",
         "paper"],
        ["GAP-ROI", no, no, no, "25.0 [25.0, 35.0]", no, "37.6"],
        ["GAP-ROI", no, "v1", no, no, no, no],
        ["GAP-ROI G2", no, no, "v2", "50.0 [50.0, 60.0]",
         "+25.0 [+25.0, +25.0]", "54.6"],
    ]  # fmt: skip
    assert len({len(row) for row in rows}) == 1
    (section,) = table_4_5.sections(found).values()
    assert (
        f"<th>GAP-ROI G2</th><td>{no}</td><td>{no}</td><td>v2</td>"
        "<td>50.0 [50.0, 60.0]</td><td>+25.0 [+25.0, +25.0]</td><td>54.6</td>"
        in section
    )


def test_rows_without_plain_have_no_gain(tmp_path):
    write_score(tmp_path, "post_v1", 0.5)
    found = table_4_5.scores(tmp_path, plan("post_v1", seeders=("gap_roi",)))
    assert found == {
        "gap_roi": {"post_v1": {"miou": 0.5, "miou_interval": [0.5, 0.6]}}
    }


def test_a_missing_score_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*roi_plain.json"):
        table_4_5.scores(tmp_path, plan("plain", seeders=("gap_roi",)))
