"""The stages of make_masks fit the binaries."""

import own_scenes
import pytest

from guided_segmentation.own_photographs import stages

EVERYTHING = {
    "g2": own_scenes.chosen(flip=True, scales=[1, 1.5]),
    "g0": own_scenes.chosen(guide="g0"),
    "maps": own_scenes.chosen(saliency="dir:/maps"),
    "onnx": own_scenes.chosen(saliency="onnx:/net.onnx", crf="none"),
    "all layers": own_scenes.chosen(freeze_through="none", framing="tight"),
}


@pytest.mark.parametrize("settings", EVERYTHING.values(), ids=EVERYTHING)
def test_the_binaries_take_their_flags(launcher, settings):
    for stage in stages.plan(settings, "d1"):
        binary, *arguments = stage.command
        done = launcher.run(binary, *arguments, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), stage


def plan(settings, **more):
    return {each.name: each for each in stages.plan(settings, "d1", more)}


def test_each_stage_needs_those_whose_results_it_reads():
    needs = {
        name: set(stage.needs) for name, stage in plan(EVERYTHING["g2"]).items()
    }
    assert needs == {
        "train_seeder": set(),
        "make_seeds": {"train_seeder"},
        "make_saliency": set(),
        "make_guides": {"make_seeds", "make_saliency"},
        "train_segmenter": {
            "train_seeder",
            "make_seeds",
            "make_saliency",
            "make_guides",
        },
        "segment_images": {"make_saliency", "train_segmenter"},
        "export_model": {"train_segmenter"},
    }


def test_g0_needs_neither_seeder_nor_seeds():
    found = plan(EVERYTHING["g0"])
    assert not found.keys() & {"train_seeder", "make_seeds"}
    command = found["train_segmenter"].command
    assert "--trunk_weights=none" in command
    assert not [flag for flag in command if "seed" in flag and "dir" in flag]


def test_maps_of_the_user_are_read_from_the_set():
    found = plan(EVERYTHING["maps"])
    assert "make_saliency" not in found
    wanted = "--saliency_dir={work_dir}/data/d1/saliency"
    assert wanted in found["make_guides"].command
    wanted = "--saliency_dir={work_dir}/data/all/saliency"
    assert wanted in found["segment_images"].command
    folder = stages.saliency_maps(EVERYTHING["maps"])
    assert folder == "data/all/saliency"
    assert stages.saliency_maps(EVERYTHING["g2"]) == "saliency_maps"


def test_masks_and_saliency_are_of_all_photographs_and_networks_of_the_set():
    found = plan(EVERYTHING["g2"])
    data = "--data_dir={work_dir}/data/"
    for name, stage in found.items():
        read = [each for each in stage.command if each.startswith(data)]
        everything = {"make_saliency": ["all"], "segment_images": ["all"]}
        folder = {**everything, "export_model": []}
        wanted = [
            f"{data}{each}/photographs" for each in folder.get(name, ["d1"])
        ]
        assert read == wanted


def test_further_flags_replace_those_of_the_plan():
    found = plan(EVERYTHING["g2"], masks=["--noflip", "--scales=2"])
    command = found["segment_images"].command
    assert "--noflip" in command
    assert "--flip" not in command
    assert [x for x in command if x.startswith("--scales")] == ["--scales=2"]


def test_masks_are_predicted_from_features_of_the_same_size():
    masks = plan(EVERYTHING["maps"])["segment_images"].command
    assert "--features_dir={work_dir}/features" in masks
    assert "--nodense_scores" in masks
    for other in ("g2", "all layers"):
        masks = plan(EVERYTHING[other])["segment_images"].command
        assert not {"--nodense_scores"} & set(masks)


def test_no_command_names_a_place_outside_but_for_weights():
    for stage in plan(own_scenes.chosen(trunk_weights="/w.h5")).values():
        places = [
            x for x in stage.command if "/" in x.replace("{work_dir}/", "")
        ]
        assert all(
            x.startswith(("--trunk_weights", "--data_dir", "--image_labels"))
            or "{work_dir}" in x
            for x in places
        )
