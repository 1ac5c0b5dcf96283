"""bin/make_saliency: its flags."""

import contextlib
from unittest import mock

import masks_samples
import numpy as np
import programs
import pytest
from absl.testing import flagsaver
from binary_calls import FEW, assert_ends_well, calling, stand_in, trained

from guided_segmentation import artifacts, provenance
from guided_segmentation.datasets import msra
from guided_segmentation.networks import batches, dense_predictor
from guided_segmentation.report import saliency_sheet
from guided_segmentation.saliency import detector, named


def test_flags_reach_what_make_saliency_calls(launcher, capsys):
    with calling(
        "make_saliency",
        trained(),
        stand_in(dense_predictor, "predictor", "predict"),
        stand_in(detector, "make_saliency"),
        stand_in(saliency_sheet, "write"),
        **FEW,
        saliency_net_dir="/s",
        output_dir="/o",
        scales="1,1.5",
        flip="true",
        fusion="max",
        contact_sheet="/o/sheet.png",
        num_pictures="7",
        prediction_batch_size="3",
    ) as (network, dense, make_saliency, write):
        pass
    assert network.call_args == mock.call("/s")
    assert dense.call_args == mock.call(
        "network",
        size=65,
        framing="whole",
        scales=[1.0, 1.5],
        flip=True,
        fusion="max",
    )
    assert make_saliency.call_args == mock.call(
        "predict", mock.ANY, "/o", batch_size=3
    )
    assert write.call_args == mock.call("/o/sheet.png", mock.ANY, "/o", 7)
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "saliency maps of 2 images are in /o, some in /o/sheet.png",
    )


def test_maps_of_the_boxes_own_images_need_no_image_labels(
    launcher, capsys, tmp_path
):
    with (
        calling(
            "make_saliency",
            trained(),
            stand_in(dense_predictor, "predictor", batches.one_by_one(flat)),
            stand_in(msra, "source", masks_samples.source()),
            dataset="msra",
            data_dir="/msra",
            saliency_net_dir="/s",
            output_dir=str(tmp_path / "maps"),
            contact_sheet=str(tmp_path / "sheet.png"),
            fusion="mean",
            num_pictures="2",
        ),
    ):
        pass
    shown = capsys.readouterr().err
    assert shown.count("data: ") == 1
    done = shown[shown.index("done: ") :]
    made = f"in {tmp_path}/maps, some in {tmp_path}/sheet.png"
    assert_ends_well(launcher, done, f"saliency maps of 3 images are {made}")
    assert "evaluate_saliency --dataset=msra" in shown
    assert len(list((tmp_path / "maps").glob("*.png"))) == 3
    assert artifacts.read_image(tmp_path / "sheet.png").ndim == 3


def flat(images):
    """Stands in for a network to which all is equally salient."""
    return np.full((*images.shape[:3], 2), 0.5, np.float32)


def test_a_contact_sheet_of_another_format_is_refused():
    with (
        pytest.raises(
            ValueError,
            match=r"^--contact_sheet: wanted a name in \.png, found s\.jpg$",
        ),
        calling(
            "make_saliency",
            **FEW,
            saliency_net_dir="/s",
            output_dir="/o",
            contact_sheet="s.jpg",
            fusion="mean",
            num_pictures="2",
        ),
    ):
        pass


@contextlib.contextmanager
def calling_named(**given):
    """Calls the binary with --saliency instead of a trained net."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(stand_in(provenance, "record_or_check_maps"))
        program = stack.enter_context(programs.loaded("make_saliency"))
        stack.enter_context(flagsaver.as_parsed(**FEW, **given))
        program.main(["make_saliency"])
        yield


@pytest.mark.parametrize(
    ("given", "views"),
    [
        ({}, {"precision": "float32"}),
        (
            {"saliency": "builtin", "flip": "true", "fusion": "max"},
            {"precision": "float32", "flip": True, "fusion": "max"},
        ),
        ({"saliency": "u2netp", "scales": "1,2"}, {"scales": [1.0, 2.0]}),
    ],
)
def test_a_detector_is_opened_by_its_name(given, views, tmp_path):
    with (
        mock.patch.object(named, "open_named") as open_named,
        mock.patch.object(detector, "write_maps") as write_maps,
        calling_named(**given, output_dir=str(tmp_path)),
    ):
        pass
    name = given.get("saliency", "builtin")
    assert open_named.call_args == mock.call(
        name, onnx=named.OnnxOptions(), **views
    )
    assert write_maps.call_args == mock.call(
        open_named.return_value.predict,
        mock.ANY,
        str(tmp_path),
        batch_size=None,
    )


def test_what_made_the_maps_is_recorded(tmp_path):
    with (
        stand_in(named, "open_named", mock.Mock(made={"saliency": "u2netp"})),
        stand_in(detector, "write_maps"),
        calling_named(saliency="u2netp", output_dir=str(tmp_path)),
    ):
        assert provenance.record_or_check_maps.call_args == mock.call(
            str(tmp_path), {"saliency": "u2netp"}, {"photographs": mock.ANY}
        )


def test_a_folder_of_maps_needs_no_making(tmp_path):
    with (
        pytest.raises(
            ValueError,
            match=rf"^--saliency=dir:{tmp_path} names maps that exist, so "
            rf"there are none to make; give the folder as --saliency_dir of "
            rf"the next binary$",
        ),
        calling_named(saliency=f"dir:{tmp_path}", output_dir="/o"),
    ):
        pass


def test_one_detector_is_given(launcher):
    done = launcher.run(
        "make_saliency",
        "--saliency=builtin",
        "--saliency_net_dir=/s",
        "--output_dir=/o",
    )
    assert done.returncode == 1
    assert "give one of --saliency and --saliency_net_dir" in done.stderr
