"""bin/segment_images: its flags and bad input."""

import pathlib
from unittest import mock

import binary_calls
import numpy as np
import programs
import pytest
from absl import flags
from absl.testing import flagsaver
from binary_calls import FEW, assert_ends_well, calling, stand_in, trained
from damaged_data import error_of, write_network

from guided_segmentation import (
    artifacts,
    crf,
    exports,
    segmenter,
    visualize,
)
from guided_segmentation.command_line import network_flags
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.networks import dense_predictor
from guided_segmentation.serving.client import address, connection
from guided_segmentation.training import frozen_features


def saliency_of(source, tmp_path):
    """Writes a saliency map of each image; returns the folder."""
    for image_id in source.image_ids:
        path = tmp_path / "maps" / f"{image_id}.png"
        artifacts.write_saliency_map(path, np.ones([2, 3], np.float32))
    return str(tmp_path / "maps")


def test_flags_reach_what_segment_images_calls(launcher, capsys, tmp_path):
    with calling(
        "segment_images",
        trained(),
        stand_in(dense_predictor, "predictor", "predict"),
        stand_in(segmenter, "segment_images", {}),
        stand_in(exports, "write"),
        **FEW,
        segmenter_dir="/s",
        output_dir="/o",
        crf="v1",
        crf_dir="/c",
        crf_max_pixels="1000",
        only_present="true",
        saliency_dir=saliency_of(
            synthetic.source("train", num_images=2), tmp_path
        ),
        saliency_weight="0.25",
        overlay="true",
        overlay_dir=str(tmp_path),
        probabilities_dir="/p",
        features_dir="",
        export="coco,yolo",
        export_dir="/e",
        scales="0.5,1.5",
        flip="true",
        prediction_batch_size="2",
    ) as (network, dense, segment_images, write):
        pass
    assert network.call_args == mock.call("/s", dense=True)
    assert dense.call_args == mock.call(
        "network",
        size=65,
        framing="whole",
        scales=[0.5, 1.5],
        flip=True,
        frozen_through=None,
    )
    assert segment_images.call_args == mock.call(
        "predict",
        mock.ANY,
        {"/o": None, "/c": crf.SEC},
        only_present=True,
        saliency_maps=segmenter.SaliencyMaps(str(tmp_path / "maps"), 0.25),
        label_set=synthetic.LABEL_SET,
        crf_max_pixels=1000,
        overlay_dir=tmp_path,
        probabilities_dir="/p",
        batch_size=2,
        features=None,
    )
    assert [call.args[0] for call in write.call_args_list] == ["coco", "yolo"]
    assert write.call_args == mock.call(
        "yolo", mock.ANY, "/c", synthetic.LABEL_SET, pathlib.Path("/e/yolo")
    )
    assert (tmp_path / "legend.svg").exists()
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        f"label maps of 2 images are in /o and /c, overlays in {tmp_path}, "
        f"probabilities in /p, exports in /e/coco.json and /e/yolo",
    )


def test_cached_features_reach_the_network_and_the_photographs(tmp_path):
    features = {"train_0": np.zeros([2, 5, 5, 4], np.float16)}
    given = ("network", {**binary_calls.TRAINED, "freeze_through": "conv5_2"})
    others = dict.fromkeys(("only_present", "overlay"), "false")
    with calling(
        "segment_images",
        stand_in(network_flags, "trained", given),
        stand_in(frozen_features, "found", features),
        stand_in(dense_predictor, "predictor", "predict"),
        stand_in(segmenter, "segment_images", {}),
        **FEW,
        **others,
        segmenter_dir="/s",
        output_dir=str(tmp_path),
        features_dir="/f",
        dense_scores="false",
    ) as (network, found, dense, segment_images):
        pass
    assert network.call_args == mock.call("/s", dense=False)
    assert found.call_args == mock.call(*given, mock.ANY, "/f")
    assert dense.call_args.kwargs["frozen_through"] == "conv5_2"
    assert segment_images.call_args.kwargs["features"] is features


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, []),
        ({"overlay": "true"}, ["runs/overlays/g2"]),
        ({"overlay_dir": "over"}, ["over"]),
        ({"export": "coco"}, ["runs/exports/g2"]),
        ({"export_dir": "other"}, []),
        ({"export": "coco", "export_dir": "other"}, ["other"]),
    ],
)
def test_overlays_and_exports_lie_beside_the_label_maps(given, wanted):
    output = "runs/predictions/g2"
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir=output, **given),
    ):
        assert list(map(str, program.mask_flags.written())) == [output, *wanted]


def test_an_unknown_export_is_told_before_anything_is_done():
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(
            output_dir="/o", segmenter_dir="/s", export="coco,voc"
        ),
        pytest.raises(
            ValueError,
            match=r"^--export: wanted some of coco, labelme, yolo, found 'voc'",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "--dense_scores, --scales=1.0 and --server=None"),
        (
            {"dense_scores": "false", "scales": "1,2"},
            "--nodense_scores, --scales=1,2 and --server=None",
        ),
    ],
)
def test_features_are_of_the_grid_and_the_size_of_the_training(given, found):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(
            output_dir="/o", segmenter_dir="/s", features_dir="/f", **given
        ),
        pytest.raises(
            ValueError,
            match=rf"^--features_dir: wanted --nodense_scores, --scales=1 and "
            rf"no --server, since .*; found {found}$",
        ),
    ):
        program.main(["segment_images"])


@pytest.mark.parametrize(
    "given", [{"dataset": "folder"}, {"data_dir": "/d"}, {"only_present": "1"}]
)
def test_photographs_come_from_one_place(given):
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(output_dir="/o", segmenter_dir="/s", **given),
        pytest.raises(
            ValueError,
            match=rf"^wanted photographs as arguments or by "
            rf"--{next(iter(given))}, found both",
        ),
    ):
        program.main(["segment_images", "a.jpg"])


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("one.png", "more/two.jpg", "more/three.png"):
        image = rng.integers(0, 255, (30, 40, 3)).astype(np.uint8)
        if name.endswith(".jpg"):
            path = tmp_path / "photos" / name
            artifacts.write_bytes(path, visualize.jpeg(image))
        else:
            artifacts.write_image(tmp_path / "photos" / name, image)
    write_network(tmp_path / "run", 0.02, ["a fox", "owl"])
    return tmp_path / "photos"


def segment(launcher, photos, *arguments, output="masks"):
    return launcher.run(
        "segment_images",
        f"--segmenter_dir={photos.parent}/run",
        f"--output_dir={photos.parent / output}",
        *map(str, arguments),
    )


def test_photographs_are_named_as_folders_and_files(launcher, photos):
    done = segment(
        launcher,
        photos,
        photos,
        "--overlay",
        f"--probabilities_dir={photos.parent}/probabilities",
        "--export=labelme,yolo",
    )
    assert done.returncode == 0, done.stderr
    for folder, ending in (
        ("masks", "png"),
        ("overlays", "jpg"),
        ("probabilities", "npz"),
        ("exports/labelme", "json"),
        ("exports/yolo/labels", "txt"),
    ):
        for name in ("one", "more/two", "more/three"):
            path = photos.parent / folder / f"{name}.{ending}"
            assert path.exists(), path
        assert (
            str(photos.parent / folder.removesuffix("/labels")) in done.stderr
        )
    assert "classes: 1 a fox #800000, 2 owl #008000" in done.stderr
    masks = photos.parent / "masks"
    assert (masks / "class_names.txt").read_text() == "a fox\nowl\n"
    assert segmenter.read_margins(masks).keys() == {
        "one", "more/two", "more/three"
    }  # fmt: skip


def test_more_photographs_are_added_later(launcher, photos):
    """Masks that lie among the photographs are not segmented."""
    output = photos / "masks"
    done = segment(launcher, photos, photos / "one.png", output=output)
    assert done.returncode == 0, done.stderr
    before = (output / "one.png").stat().st_mtime_ns
    done = segment(launcher, photos, photos, output=output)
    assert done.returncode == 0, done.stderr
    assert (output / "more" / "two.png").exists()
    assert (output / "one.png").stat().st_mtime_ns == before
    assert not (output / "masks").exists()


def test_a_bad_photograph_is_passed_over_and_listed(launcher, photos):
    """Also by --data_dir; all others are done."""
    (photos / "bad.jpg").write_text("no picture")
    cut = (photos / "one.png").read_bytes()[:-200]
    (photos / "cut.png").write_bytes(cut)
    flat = ("--dataset=folder", f"--data_dir={photos}")
    for output, arguments in (("first", [photos]), ("second", flat)):
        done = segment(launcher, photos, *arguments, output=output)
        assert done.returncode == 1
        assert (photos.parent / output / "one.png").exists()
        last = done.stderr[done.stderr.index("error: ") :].splitlines()
        assert "photographs are unreadable and have no label map" in last[0]
        assert {line.partition(":")[0] for line in last[1:]} == {
            f"{photos}/bad.jpg", f"{photos}/cut.png"
        }  # fmt: skip


def test_a_name_that_means_nothing_is_told_in_one_line(launcher, photos):
    done = segment(launcher, photos, photos / "none.jpg")
    assert "none.jpg: wanted a photograph, a folder" in error_of(done)
    assert not (photos.parent / "masks").exists()


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
        stand_in(segmenter, "segment_images", {}) as segment_images,
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
        assert program.mask_flags.folders() == wanted


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


def test_every_photograph_needs_its_saliency_map(launcher, tmp_path):
    write_network(tmp_path / "run", 0.02, list(synthetic.LABEL_SET.objects))
    (first, second) = synthetic.source("train", num_images=2).image_ids
    folder = pathlib.Path(
        saliency_of(synthetic.source("train", num_images=1), tmp_path)
    )

    def segment(*flags):
        return launcher.run(
            "segment_images",
            "--num_images=2",
            f"--segmenter_dir={tmp_path}/run",
            f"--output_dir={tmp_path}/out",
            *flags,
        )

    assert error_of(segment(f"--saliency_dir={folder}")) == (
        f"error: --saliency_dir={folder}: wanted a map of each of 2 "
        f"photographs, 1 are missing, the first is {second}.png; run "
        f"bin/make_saliency on the same photographs"
    )
    assert error_of(segment("--saliency_weight=1")) == (
        "error: --saliency_weight=1.0: wanted --saliency_dir beside it, found "
        "none; give the folder of bin/make_saliency"
    )
    (folder / f"{second}.png").write_bytes(
        (folder / f"{first}.png").read_bytes()
    )
    assert segment(f"--saliency_dir={folder}").returncode == 0
    made = artifacts.read_json(tmp_path / "out" / "settings.json")
    assert made["saliency_weight"] == 3
    inputs = artifacts.read_json(tmp_path / "out" / "inputs.json")
    assert inputs["saliency maps"].keys() == {first, second}
