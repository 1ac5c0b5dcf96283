"""bin/export_model: its flags and bad input."""

from unittest import mock

import pytest
from binary_calls import TRAINED, calling, stand_in, trained
from damaged_data import error_of

from guided_segmentation.seeders import (
    backprop,
    cam,
)
from guided_segmentation.serving import converters, saved_model, servables

EXPORTING = {
    "what": "segmenter",
    "segmenter_dir": "/s",
    "saliency_net_dir": "/n",
    "format": "saved_model",
    "threshold": "0.25",
    "evaluation": "/e",
    "output_dir": "/o",
    "name": "name",
    "version": "3",
}


def assert_exported(export_model, record, converted=None):
    assert export_model.call_args == mock.call(
        "module",
        TRAINED,
        "/o",
        name="name",
        version=3,
        record=record,
        evaluation="/e",
        converted=converted,
    )


@pytest.mark.parametrize(
    ("what", "folder"),
    [("segmenter", "/s"), ("guided", "/s"), ("saliency", "/n")],
)
def test_flags_reach_what_export_model_calls(capsys, what, folder):
    views = {"scales": [0.5, 1.5], "flip": True}
    serve = mock.Mock(return_value="module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.DENSE, {what: serve}),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "what": what},
        scales="0.5,1.5",
        flip="true",
    ) as (network, _, export_model):
        pass
    assert network.call_args == mock.call(folder)
    assert serve.call_args == mock.call("network", TRAINED, **views)
    assert_exported(export_model, views)
    assert capsys.readouterr().out == "/o/name/3\n"


@pytest.mark.parametrize("form", converters.RUN)
def test_flags_reach_what_converts(form):
    count = {"num_images": "3"} if form == "tflite_int8" else {}
    flip = "false" if count else "true"
    serve = mock.Mock(return_value="module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.DENSE, segmenter=serve),
        stand_in(converters, "squares", "squares"),
        stand_in(converters, "convert", "file"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "format": form},
        scales="0.5",
        flip=flip,
        **count,
    ) as (_, _, squares, convert, export_model):
        pass
    size, framing = TRAINED["input_size"], TRAINED["framing"]
    asked = "squares" if count else ()
    assert convert.call_args == mock.call(form, "module", size, asked)
    if count:
        source, *rest = squares.call_args.args
        assert (len(source.image_ids), *rest) == (3, size, framing, 3)
    record = {"scales": [0.5], "flip": flip == "true"}
    assert_exported(export_model, record, "file")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"format": "onnx"}, "guided_segmentation_onnx"),
        ({"format": "saved_model"}, None),
        (
            {"what": "guided", "format": "tflite_float16"},
            "guided_segmentation_guided_tflite_float16",
        ),
    ],
)
def test_only_saved_models_lie_where_a_server_looks(given, named):
    made = dict.fromkeys(servables.DENSE, lambda *_, **__: "module")
    with calling(
        "export_model",
        trained(),
        mock.patch.dict(servables.DENSE, made),
        stand_in(converters, "convert", "file"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "name": "", **given},
    ) as (*_, export_model):
        pass
    assert (export_model.call_args.kwargs["name"] or None) == named


@pytest.mark.parametrize("name", ["cam", "vanilla", "guided"])
def test_flags_reach_the_seeder_that_export_model_makes(name):
    views = {"scales": [0.5], "flip": True}
    made = {
        "blur_px": 3.0,
        "contrastive": False,
        "excitation_layer": "pool4",
    }
    module, used = (backprop, made) if name != "cam" else (cam, {})
    method = [] if name == "cam" else [name]
    with calling(
        "export_model",
        trained(),
        stand_in(module, "seeder", "seed"),
        stand_in(servables, "seeder", "module"),
        stand_in(saved_model, "export", "/o/name/3"),
        **{**EXPORTING, "what": "seeder"},
        seeder=name,
        seeder_dir="/d",
        dense_scores="false",
        blur_px="3",
        scales="0.5",
        flip="true",
    ) as (network, make, serve, export_model):
        pass
    rules = backprop.METHODS.get(name, {"dense": False})
    assert network.call_args == mock.call("/d", **rules)
    size = TRAINED["input_size"]
    wanted = mock.call("network", size, *method, **views, **used)
    assert make.call_args == wanted
    objects = len(TRAINED["objects"])
    assert serve.call_args == mock.call("seed", objects, 0.25)
    grid = {"dense_scores": False} if name == "cam" else {}
    record = {"seeder": name, **views, **grid, **used, "threshold": 0.25}
    assert_exported(export_model, record)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            [],
            "wanted --segmenter_dir, the folder of a finished training run, "
            "for --what=segmenter; found none",
        ),
        (
            ["--what=saliency", "--segmenter_dir=run"],
            "wanted --saliency_net_dir, the folder of a finished training run, "
            "for --what=saliency; found none",
        ),
        (
            ["--what=seeder", "--seeder_dir=run", "--seed_crf=sec"],
            "wanted --seed_crf=none, found sec; a dense CRF is no part of a "
            "SavedModel, bin/make_seeds applies it",
        ),
        (
            ["--what=seeder", "--seeder=center_mean_shape"],
            "wanted a seeder with a network, found --seeder=center_mean_shape; "
            "choose another",
        ),
        (
            ["--what=seeder", "--format=onnx"],
            "wanted --format=saved_model for --what=seeder, found onnx; a "
            "seeder asks for gradients and loops, which only TensorFlow serves",
        ),
        (
            ["--format=onnx", "--precision=mixed_bfloat16"],
            "wanted --precision=float32 for --format=onnx, found "
            "mixed_bfloat16; leave --precision out",
        ),
        (
            ["--format=tflite_int8", "--flip"],
            "wanted --noflip for --format=tflite_int8, found --flip; its "
            "kernels reverse integers without their scale",
        ),
    ],
    ids=[
        "no folder",
        "another folder",
        "crf",
        "no network",
        "seeder's format",
        "precision",
        "flip",
    ],
)
def test_what_cannot_be_exported_is_refused(launcher, tmp_path, flags, told):
    output = tmp_path / "models"
    done = launcher.run("export_model", *flags, f"--output_dir={output}")
    assert error_of(done) == f"error: {told}"
    assert not output.exists()
