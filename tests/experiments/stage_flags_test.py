"""Flags of files lose against those that are given, and connect no stages."""

import pytest
from stand_ins import command, names, plan

from guided_segmentation import experiments
from guided_segmentation.experiments import stage_flags

NAMES = (
    "seeder", "seeds", "saliency", "saliency_maps", "guides", "guide_scores",
    "segmenter", "predictions", "segmenter_scores", "seed_scores",
)  # fmt: skip


def files(**flags):
    return {name: () for name in NAMES} | flags


def test_flags_of_a_file_come_first_and_lose():
    found = plan(
        "g2",
        files=files(seeds=("--threshold=0.5", "--dataset=x", "--flip")),
        data=("--dataset=y",),
        more={"seeds": ("--noflip",)},
    )
    assert command(found, "make_seeds") == (
        "make_seeds", "--threshold=0.5", "--dataset=y", "--split=train",
        "--seeder_dir={work_dir}/seeder", "--output_dir={work_dir}/seeds",
        "--noflip",
    )  # fmt: skip


def test_inputs_of_a_file_are_those_of_its_own_guide_only():
    segmenter = (
        "--guide=g2", "--seeds_dir=s", "--saliency_dir=m", "--split=x",
        "--work_dir=w", "--num_steps=3",
    )  # fmt: skip
    found = plan("full", files=files(segmenter=segmenter))
    assert command(found, "train_segmenter_full") == (
        "train_segmenter", "--num_steps=3", "--split=train",
        "--guide=full",
        "--work_dir={work_dir}/segmenter/full",
    )  # fmt: skip


def test_flags_of_networks_reach_the_binaries_that_load_some():
    found = plan("g2", seeders=("gap_roi",), networks=("--precision=float32",))
    reached = {
        stage.command[0]
        for stage in found
        if "--precision=float32" in stage.command
    }
    assert reached == stage_flags.LOAD_NETWORKS
    assert {stage.command[0] for stage in found} - reached == {
        "evaluate_guides",
        "evaluate_segmenter",
    }


def test_a_network_has_a_file_of_its_own_or_that_of_the_seeder():
    found = plan(
        seeders=("gap_roi", "guided"),
        files=files(seeder=("--a=1", "--seeder=gap_lowres"), vgg16=("--b=2",)),
    )
    assert command(found, "train_seeder_gap_roi")[1:] == (
        "--a=1", "--split=train", "--seeder=gap_roi",
        "--work_dir={work_dir}/seeders/gap_roi",
    )  # fmt: skip
    assert "--b=2" in command(found, "train_seeder_vgg16")
    assert "--a=1" not in command(found, "train_seeder_vgg16")


def test_the_second_round_predicts_with_a_file_of_its_own_if_there_is_one():
    given = files(predictions=("--a=1",))
    found = plan("g2", rounds=2, files=given)
    assert "--a=1" in command(found, "segment_images_g2_train")
    found = plan("g2", rounds=2, files={**given, "seeds_round2": ("--b=2",)})
    assert "--b=2" in command(found, "segment_images_g2_train")
    assert "--a=1" in command(found, "segment_images_g2_round2")


def test_a_row_starts_from_the_trunk_of_its_own_seeder():
    trunk = "--trunk_weights={work_dir}/seeders/gap_highres"
    found = plan(
        crf_rows=("plain",),
        crf_seeders=("gap_roi",),
        files=files(segmenter=(trunk,)),
    )
    (segmenter,) = (x for x in names(found) if "train_segmenter" in x)
    own = "--trunk_weights={work_dir}/seeders/gap_roi"
    assert own in command(found, segmenter)


def test_a_stage_without_a_file_is_refused_if_it_is_run():
    given = files()
    del given["saliency"]
    assert plan("seeds_only", files=given)
    with pytest.raises(
        FileNotFoundError,
        match=r"^--stage_flags: wanted saliency.flags for stage train_saliency",
    ):
        plan("g2", files=given)


def test_an_edited_file_reruns_what_it_reaches_and_nothing_else():
    before, after = (
        experiments.plan(
            experiments.Settings(guides=("g2",), files=files(guides=flags))
        )
        for flags in ((), ("--seed_min_area=3px",))
    )
    changed = [
        new.name
        for old, new in zip(before, after, strict=True)
        if old.command != new.command
    ]
    assert changed == ["make_guides_g2"]
