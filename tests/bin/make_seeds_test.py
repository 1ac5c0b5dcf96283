"""bin/make_seeds: its flags and bad input."""

import contextlib
from unittest import mock

import numpy as np
import programs
import pytest
from binary_calls import (
    FEW,
    SEEDING,
    VIEWS,
    assert_ends_well,
    calling,
    stand_in,
    trained,
)
from damaged_data import error_of

from guided_segmentation import (
    artifacts,
    crf,
)
from guided_segmentation.command_line import seeder_flags
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.seeders import (
    backprop,
    cam,
    grad_cam,
    refinement,
    seeds,
)


@contextlib.contextmanager
def seeding(*patches, **given):
    """Calls make_seeds of SEEDING where other functions do the work."""
    told = {**FEW, **SEEDING, "output_dir": "/o", "score_maps_dir": "/n"}
    told |= {"threshold": "0.5", "class_threshold": "0.7"}
    told |= {"prediction_batch_size": "2", **given}
    told = {name: value for name, value in told.items() if value is not None}
    with calling(
        "make_seeds",
        trained(),
        stand_in(seeds, "make_seeds"),
        *patches,
        **told,
    ) as stand_ins:
        yield stand_ins


def test_flags_reach_what_make_seeds_calls(launcher, capsys):
    with seeding(stand_in(cam, "seeder", "seeder")) as (network, make, seeder):
        pass
    assert network.call_args == mock.call("/s", dense=False)
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert make.call_args == mock.call(
        "seeder",
        mock.ANY,
        "/o",
        threshold=0.5,
        score_maps_dir="/n",
        class_threshold=0.7,
        batch_size=2,
    )
    assert_ends_well(
        launcher, capsys.readouterr().err, "seeds of 2 images are in /o"
    )


@pytest.mark.parametrize("method", backprop.METHODS)
def test_back_propagation_gets_its_rules_and_flags(method):
    with seeding(stand_in(backprop, "seeder", "seeder"), seeder=method) as (
        network,
        _,
        seeder,
    ):
        pass
    assert network.call_args == mock.call("/s", **backprop.METHODS[method])
    assert seeder.call_args == mock.call(
        "network",
        65,
        method,
        **VIEWS,
        blur_px=3.0,
        contrastive=True,
        excitation_layer="image",
    )


def test_grad_cam_is_a_seeder():
    with seeding(stand_in(grad_cam, "seeder", "seeder"), seeder="grad_cam") as (
        _,
        make,
        seeder,
    ):
        pass
    assert seeder.call_args == mock.call("network", 65, **VIEWS)
    assert make.call_args.args[0] == "seeder"


@pytest.mark.parametrize(
    ("method", "asked", "backprop_crf", "used"),
    [
        ("cam", None, "v2", None),
        ("cam", "sec", "v2", crf.SEC),
        ("grad_cam", None, "v2", None),
        ("guided", None, None, crf.MILD),
        ("guided", None, "mild", crf.MILD),
        ("vanilla", None, "v2", crf.DEEPLAB),
        ("guided", "deeplab", None, crf.DEEPLAB),
        ("guided", "sec", "v2", crf.SEC),
        ("guided", "none", "v2", None),
    ],
)
def test_score_maps_are_refined_by_the_crf_asked_for(
    method, asked, backprop_crf, used
):
    with seeding(
        stand_in(cam, "seeder", "plain"),
        stand_in(grad_cam, "seeder", "plain"),
        stand_in(backprop, "seeder", "plain"),
        stand_in(refinement, "refined", "refined"),
        seeder=method,
        seed_crf=asked,
        backprop_crf=backprop_crf or seeder_flags.BACKPROP_CRF.default,
    ) as (_, make, *_, refined):
        pass
    calls = [] if used is None else [mock.call("plain", used)]
    assert refined.call_args_list == calls
    assert make.call_args.args[0] == ("refined" if calls else "plain")


@pytest.mark.parametrize("method", ["grad_cam", *backprop.METHODS])
def test_gradients_of_the_classifier_seed_drawn_scenes(
    launcher, tmp_path, method
):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "vgg16")
    done = launcher.run(
        "make_seeds",
        "--num_images=1",
        f"--seeder={method}",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/seeds",
        f"--score_maps_dir={tmp_path}/maps",
    )
    assert done.returncode == 0, done.stderr
    (path,) = (tmp_path / "maps").glob("*.npz")
    maps, classes = artifacts.read_score_maps(path)
    assert maps.shape[-1] == len(classes) > 0
    assert np.isfinite(maps).all()
    assert len(list((tmp_path / "seeds").glob("*.png"))) == 1


@pytest.mark.parametrize("binary", ["make_seeds", "evaluate_seeds"])
def test_a_seeder_of_other_objects_is_refused(launcher, tmp_path, binary):
    programs.write_seeder(tmp_path / "run", objects=["cow", "dog"])
    output = "output_dir" if binary == "make_seeds" else "output"
    done = launcher.run(
        binary,
        "--num_images=1",
        f"--seeder_dir={tmp_path}/run",
        f"--{output}={tmp_path}/out.json",
    )
    line = error_of(done)
    assert line.startswith(
        "error: the network knows the objects ['cow', 'dog']"
    )
    assert "but synthetic/train has ['" in line
    assert line.endswith("give the --dataset it was trained on")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("seeder", "network", "told"),
    [
        ("cam", "vgg16", "wanted a GAP network (gap_lowres, "),
        ("vanilla", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
        ("grad_cam", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
        ("guided", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
    ],
)
def test_a_network_of_another_kind_is_refused(
    launcher, tmp_path, seeder, network, told
):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, network)
    done = launcher.run(
        "make_seeds",
        f"--seeder={seeder}",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    line = error_of(done)
    assert told in line
    assert "name the folder of a run of bin/train_seeder" in line
    assert not (tmp_path / "out").exists()


def test_only_excitation_can_be_contrastive(launcher, tmp_path):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "vgg16")
    done = launcher.run(
        "make_seeds",
        "--seeder=guided",
        "--contrastive",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert error_of(done) == (
        "error: wanted excitation for a contrastive seeder, found guided"
    )


def test_the_mean_shape_finds_no_classes(launcher, tmp_path):
    done = launcher.run(
        "make_seeds",
        "--num_images=1",
        "--seeder=center_mean_shape",
        "--class_threshold=0.5",
        f"--output_dir={tmp_path}/out",
    )
    assert "does not tell which objects are there" in error_of(done)
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--threshold=0.4", "begun with threshold = 0.2, now it is 0.4"),
        ("--flip", "begun with flip = False, now it is True"),
        ("--seed_crf=v1", "begun with seed_crf = 'none', now it is 'v1'"),
    ],
)
def test_other_seeds_are_not_taken_for_these(launcher, tmp_path, flag, told):
    programs.write_seeder(tmp_path / "run", list(synthetic.LABEL_SET.objects))
    call = (
        "make_seeds",
        "--num_images=1",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/seeds",
    )
    for _ in range(2):
        assert launcher.run(*call).returncode == 0
    assert told in error_of(launcher.run(*call, flag))
