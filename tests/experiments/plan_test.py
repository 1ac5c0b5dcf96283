"""A plan has the right stages, in order, with the right commands."""

import pytest
from stand_ins import BINARIES, command, names, plan

from guided_segmentation import experiments, guides
from guided_segmentation.experiments import ledger, table_1

SEEDERS = tuple(table_1.NETWORKS)


def test_the_plan_of_g2_goes_from_image_labels_to_scores():
    assert names(plan("g2")) == [
        "train_seeder",
        "make_seeds",
        "train_saliency",
        "make_saliency",
        "make_guides_g2",
        "evaluate_guides_g2",
        "train_segmenter_g2",
        "segment_images_g2",
        "evaluate_segmenter_g2",
    ]


@pytest.mark.parametrize(
    ("guide", "shared"),
    [
        ("seeds_only", ["train_seeder", "make_seeds"]),
        ("g0", ["train_saliency", "make_saliency"]),
        ("g1", ["train_seeder_vgg16", "train_saliency", "make_saliency"]),
        (
            "oaa",
            ["train_seeder", "make_seeds", "train_saliency", "make_saliency"],
        ),
        ("saliency_oracle", ["train_seeder", "make_seeds"]),
        ("full", []),
    ],
)
def test_stages_that_no_guide_needs_are_left_out(guide, shared):
    assert names(plan(guide))[:-5] == shared


def test_every_stage_comes_after_those_it_needs():
    found = plan(*guides.GUIDES, seeders=SEEDERS, crf=True)
    seen = set()
    for stage in found:
        assert seen.issuperset(stage.needs)
        seen.add(stage.name)
    of_seeders = len(SEEDERS) + 5  # Networks.
    of_guides = 4 + 6 * len(guides.GUIDES)
    assert len(seen) == len(found) == of_seeders + of_guides
    assert {stage.command[0] for stage in found} == BINARIES


def test_commands_name_the_folders_of_their_neighbours():
    found = plan("g2", data=("--dataset=pascal_voc",), train_split="aug")
    assert command(found, "train_segmenter_g2") == (
        "train_segmenter",
        "--dataset=pascal_voc",
        "--split=aug",
        "--guide=g2",
        "--saliency_dir={work_dir}/saliency_maps",
        "--seeds_dir={work_dir}/seeds",
        "--work_dir={work_dir}/segmenter/g2",
    )
    assert command(found, "segment_images_g2") == (
        "segment_images",
        "--dataset=pascal_voc",
        "--split=val",
        "--segmenter_dir={work_dir}/segmenter/g2",
        "--output_dir={work_dir}/predictions/g2",
    )


def test_one_prediction_is_scored_with_and_without_crf():
    found = plan("g2", crf=True)
    folder = "{work_dir}/predictions/g2"
    assert f"--crf_dir={folder}/crf" in command(found, "segment_images_g2")
    by_name = {stage.name: stage for stage in found}
    for mark, read in (("", folder), ("_crf", f"{folder}/crf")):
        scored = by_name[f"evaluate_segmenter_g2{mark}"]
        assert f"--predictions_dir={read}" in scored.command
        assert scored.needs == ("segment_images_g2",)


def test_the_saliency_net_learns_from_other_images():
    found = plan("g2", data=("--a=1",), saliency_data=("--dataset=msra",))
    assert command(found, "train_saliency") == (
        "train_saliency",
        "--dataset=msra",
        "--work_dir={work_dir}/saliency",
    )


@pytest.mark.parametrize("key", experiments.MORE)
def test_more_flags_reach_the_binaries_they_promise_to_reach(key):
    more = {key: ("--more=1",)}
    found = plan("g2", seeders=SEEDERS, crf=True, rounds=2, more=more)
    reached = {
        stage.command[0] for stage in found if "--more=1" in stage.command
    }
    text = experiments.MORE[key]
    if key == "data":
        assert reached == BINARIES - {"train_saliency"}
    else:
        assert reached == {name for name in BINARIES if name in text}


def test_more_flags_come_last_and_know_their_guide():
    found = plan("g0", "g2", more={"segmenter": ("--name={guide}",)})
    assert command(found, "train_segmenter_g0")[-1] == "--name=g0"
    assert command(found, "train_segmenter_g2")[-1] == "--name=g2"


def test_g1_and_the_seeders_share_a_classifier():
    more = {
        "seeder": ("--seeder=gap_lowres", "--a=1"),
        "vgg16": ("--input_size=225",),
    }
    alone = plan("g1", more=more)
    both = plan("g1", seeders=("guided",), more=more)
    trained = command(alone, "train_seeder_vgg16")
    assert trained == command(both, "train_seeder_vgg16") == (
        "train_seeder", "--split=train", "--seeder=vgg16",
        "--work_dir={work_dir}/seeders/vgg16", "--a=1", "--input_size=225",
    )  # fmt: skip
    assert names(both).count("train_seeder_vgg16") == 1
    for name in ("make_guides_g1", "train_segmenter_g1"):
        classifier = "--classifier_dir={work_dir}/seeders/vgg16"
        assert classifier in command(alone, name)


def test_a_second_round_learns_from_what_the_first_one_predicts():
    more = {
        "predictions": ("--scales=1,1.5",),
        "segmenter": ("--name={guide}",),
    }
    found = plan("g2", "full", rounds=2, train_split="aug", more=more)
    again = [
        name for name in names(found) if name not in names(plan("g2", "full"))
    ]
    assert again == [
        "segment_images_g2_train",
        "make_guides_g2_round2",
        "evaluate_guides_g2_round2",
        "train_segmenter_g2_round2",
        "segment_images_g2_round2",
        "evaluate_segmenter_g2_round2",
    ]
    assert command(found, "segment_images_g2_train") == (
        "segment_images", "--split=aug",
        "--segmenter_dir={work_dir}/segmenter/g2",
        "--output_dir={work_dir}/seeds_round2", "--only_present",
        "--scales=1,1.5",
    )  # fmt: skip
    assert command(found, "train_segmenter_g2_round2") == (
        "train_segmenter", "--split=aug", "--guide=g2",
        "--saliency_dir={work_dir}/saliency_maps",
        "--seeds_dir={work_dir}/seeds_round2",
        "--work_dir={work_dir}/segmenter/g2_round2", "--name=g2_round2",
    )  # fmt: skip
    needs = {stage.name: stage.needs for stage in found}
    assert needs["segment_images_g2_train"] == ("train_segmenter_g2",)
    assert needs["make_guides_g2_round2"] == (
        "make_saliency",
        "segment_images_g2_train",
    )


def test_a_second_round_may_learn_from_the_predictions_themselves():
    more = {"seeds_round2": ("--crf=deeplab",), "predictions": ("--b=2",)}
    found = plan("g2", rounds=2, second_guide="seeds_only", more=more)
    assert command(found, "segment_images_g2_train")[-3:] == (
        "--only_present", "--b=2", "--crf=deeplab",
    )  # fmt: skip
    assert "--crf=deeplab" not in command(found, "segment_images_g2_round2")
    assert command(found, "train_segmenter_g2_round2") == (
        "train_segmenter", "--split=train", "--guide=seeds_only",
        "--seeds_dir={work_dir}/seeds_round2",
        "--work_dir={work_dir}/segmenter/g2_round2",
    )  # fmt: skip
    needs = {stage.name: stage.needs for stage in found}
    assert needs["make_guides_g2_round2"] == ("segment_images_g2_train",)


def test_one_round_is_what_it_was_before_the_second():
    one, two = (
        plan("g2", "full", crf=True),
        plan("g2", "full", rounds=2, crf=True),
    )
    assert [stage for stage in two if stage.name in names(one)] == one


def test_a_flag_that_names_an_output_makes_a_need():
    more = {"segmenter": ("--trunk_weights={work_dir}/seeder",)}
    found = plan("full", more=more)
    assert names(found)[0] == "train_seeder"
    needs = {stage.name: stage.needs for stage in found}
    assert needs["train_segmenter_full"] == ("train_seeder",)


def test_other_saliency_leaves_the_other_guides_as_they_were():
    chosen = ("seeds_only", "g2", "full")
    before, after = (
        ledger.fingerprints(plan(*chosen, more={"saliency": (flag,)}), {})
        for flag in ("--only_ids=a", "--only_ids=b")
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        name for name in before if name.endswith("_g2") or "saliency" in name
    }


def test_seeders_get_a_network_each_and_gradients_share_one():
    found = plan(seeders=("gap_roi", "vanilla", "guided", "center_mean_shape"))
    assert names(found) == [
        "train_seeder_gap_roi",
        "train_seeder_vgg16",
        "evaluate_seeds_gap_roi",
        "evaluate_seeds_vanilla",
        "evaluate_seeds_guided",
        "evaluate_seeds_center_mean_shape",
    ]
    needs = {stage.name: stage.needs for stage in found}
    assert needs["evaluate_seeds_gap_roi"] == ("train_seeder_gap_roi",)
    assert needs["evaluate_seeds_guided"] == ("train_seeder_vgg16",)
    assert needs["evaluate_seeds_center_mean_shape"] == ()


def test_flags_reach_the_seeders_they_are_meant_for():
    more = {
        "seeder": ("--a=1",),
        "vgg16": ("--b=2",),
        "seed_scores": ("--c=3",),
        "data": ("--d=4",),
    }
    found = plan(
        seeders=("gap_lowres", "excitation", "center_mean_shape"),
        train_split="trainaug",
        more=more,
    )
    commands = {stage.name: stage.command for stage in found}
    assert commands["train_seeder_vgg16"] == (
        "train_seeder", "--d=4", "--split=trainaug", "--seeder=vgg16",
        "--work_dir={work_dir}/seeders/vgg16", "--a=1", "--b=2",
    )  # fmt: skip
    assert "--b=2" not in commands["train_seeder_gap_lowres"]
    assert commands["evaluate_seeds_excitation"] == (
        "evaluate_seeds", "--d=4", "--split=val", "--seeder=excitation",
        "--seeder_dir={work_dir}/seeders/vgg16",
        "--output={work_dir}/evaluation/seeds_excitation.json", "--c=3",
    )  # fmt: skip
    assert "--seeder=cam" in commands["evaluate_seeds_gap_lowres"]
    shape = commands["evaluate_seeds_center_mean_shape"]
    assert "--shape_split=trainaug" in shape
    assert not [flag for flag in shape if "seeder_dir" in flag]
