"""bin/segment_images: its flags and bad input."""

from unittest import mock

import programs
import pytest
from absl import flags
from absl.testing import flagsaver
from binary_calls import FEW, assert_ends_well, calling, stand_in, trained
from damaged_data import error_of, write_network

from guided_segmentation import (
    artifacts,
    crf,
    segmenter,
)
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.networks import prediction
from guided_segmentation.serving.client import address, connection


def test_flags_reach_what_segment_images_calls(launcher, capsys):
    with calling(
        "segment_images",
        trained(),
        stand_in(prediction, "dense", "predict"),
        stand_in(segmenter, "segment_images"),
        **FEW,
        segmenter_dir="/s",
        output_dir="/o",
        crf="v1",
        crf_dir="/c",
        only_present="true",
        scales="0.5,1.5",
        flip="true",
    ) as (network, dense, segment_images):
        pass
    assert network.call_args == mock.call("/s")
    assert dense.call_args == mock.call(
        "network", size=65, framing="whole", scales=[0.5, 1.5], flip=True
    )
    assert segment_images.call_args == mock.call(
        "predict",
        mock.ANY,
        {"/o": None, "/c": crf.SEC},
        only_present=True,
    )
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "label maps of 2 images are in /o and /c",
    )


SERVER = {
    "server": "host:1",
    "server_api": "rest",
    "server_model": "other",
    "server_version": "2",
    "server_timeout": "3.5",
    "server_retries": "4",
    "server_max_bytes": "5",
}


def test_the_flags_of_a_server_are_all_tested_here():
    module = "guided_segmentation.command_line.server_flags"
    with programs.loaded("segment_images"):
        defined = flags.FLAGS.flags_by_module_dict()[module]
    assert {flag.name for flag in defined} == SERVER.keys()


def test_flags_reach_the_client_of_a_server(tmp_path):
    output_dir = str(tmp_path)
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(**FEW, output_dir=output_dir, **SERVER),
        stand_in(connection, "connect", "predict") as connect,
        stand_in(segmenter, "segment_images") as segment_images,
    ):
        program.main(["segment_images"])
    served = address.ServedModel(
        server="host:1",
        api="rest",
        model="other",
        version=2,
        timeout_s=3.5,
        retries=4,
        max_bytes=5,
    )
    num_classes = synthetic.LABEL_SET.num_classes
    assert connect.call_args == mock.call(served, num_classes)
    assert segment_images.call_args.args[0] == "predict"
    claimed = artifacts.read_json(tmp_path / "settings.json")
    assert claimed["served_model"] == "other, version 2"


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, "neither"), ({"server": "host:1", "segmenter_dir": "/s"}, "both")],
)
def test_a_segmenter_comes_from_one_place(given, found):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir="/o", **given),
        pytest.raises(
            ValueError,
            match=rf"^wanted one of --segmenter_dir and --server.* {found}; gi",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize(
    ("flag", "value"),
    [("scales", "1,1.5"), ("flip", "true"), ("precision", "mixed_bfloat16")],
)
def test_a_served_model_predicts_as_it_was_exported(flag, value):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(
            **FEW, output_dir="/o", server="host:1", **{flag: value}
        ),
        pytest.raises(
            ValueError,
            match=rf"^--{flag}: wanted none beside --server, .*export_model$",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize("server", ["host", "http://host:1", "host:port"])
def test_a_server_is_a_host_and_a_port(server):
    with (
        programs.loaded("segment_images"),
        pytest.raises(
            flags.IllegalFlagValueError, match="wanted host:port, such as"
        ),
        flagsaver.as_parsed(server=server),
    ):
        pass


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, {"/o": None}),
        ({"crf": "none"}, {"/o": None}),
        ({"crf": "v2"}, {"/o": crf.DEEPLAB}),
        ({"crf_dir": "/c"}, {"/o": None, "/c": crf.DEEPLAB}),
        (
            {"crf": "custom-5-50-10", "crf_dir": "/c"},
            {"/o": None, "/c": crf.named("custom-5-50-10")},
        ),
    ],
)
def test_every_prediction_is_refined_once(given, wanted):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir="/o", **given),
    ):
        assert program.folders() == wanted


def test_weights_of_another_shape_do_not_segment(launcher, tmp_path):
    write_network(tmp_path / "run", width=0.04)
    done = launcher.run(
        "segment_images",
        f"--segmenter_dir={tmp_path}/run",
        "--num_images=1",
        f"--output_dir={tmp_path}/out",
    )
    line = error_of(done)
    assert "conv1_1/kernel has shape" in line
    assert "build it with the same width" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("binary", "network", "objects", "told"),
    [
        ("make_saliency", "deeplab_v1", "abcdef", "wanted a saliency net"),
        ("segment_images", "gap_roi", "abcdef", "wanted a segmenter"),
        ("segment_images", "deeplab_v1", "", "wanted a segmenter"),
        ("segment_images", "deeplab_v1", "abcdef", "give the --dataset it was"),
    ],
)
def test_a_network_of_another_kind_makes_no_maps(
    launcher, tmp_path, binary, network, objects, told
):
    if network == "gap_roi":
        programs.write_seeder(tmp_path / "run", list(objects))
    else:
        write_network(tmp_path / "run", 0.02, list(objects))
    name = "saliency_net" if binary == "make_saliency" else "segmenter"
    done = launcher.run(
        binary,
        f"--{name}_dir={tmp_path}/run",
        "--num_images=1",
        f"--output_dir={tmp_path}/out",
    )
    assert told in error_of(done)
    assert not (tmp_path / "out").exists()


def test_a_training_that_is_not_finished_does_not_segment(launcher, tmp_path):
    done = launcher.run(
        "segment_images",
        f"--segmenter_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert "finish its training first" in error_of(done)


@pytest.mark.parametrize("scales", ["0", "1,-1", "nan", "inf", "", "large"])
def test_scales_are_positive_numbers(launcher, tmp_path, scales):
    done = launcher.run(
        "segment_images",
        f"--scales={scales}",
        f"--segmenter_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert done.returncode == 1
    assert "wanted numbers above 0, such as 1,1.5" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_predictions_are_not_taken_for_these(launcher, tmp_path):
    """Nor those of another network, wherever it lies."""
    objects = list(synthetic.LABEL_SET.objects)

    def segment(run, *flags):
        return launcher.run(
            "segment_images",
            "--num_images=1",
            f"--segmenter_dir={tmp_path / run}",
            f"--output_dir={tmp_path}/out",
            *flags,
        )

    write_network(tmp_path / "run", 0.02, objects)
    assert segment("run").returncode == 0
    (tmp_path / "run").rename(tmp_path / "moved")
    assert segment("moved").returncode == 0
    told = "begun with crf.bilateral_rgb"
    assert told in error_of(segment("moved", "--crf=v2"))
    write_network(tmp_path / "run", 0.02, objects)
    assert "begun with weights_sha256" in error_of(segment("run"))
