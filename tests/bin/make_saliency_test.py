"""bin/make_saliency: its flags."""

from unittest import mock

import masks_samples
import numpy as np
import pytest
from binary_calls import FEW, assert_ends_well, calling, stand_in, trained

from guided_segmentation import artifacts
from guided_segmentation.datasets import msra
from guided_segmentation.networks import prediction
from guided_segmentation.report import saliency_sheet
from guided_segmentation.saliency import detector


def test_flags_reach_what_make_saliency_calls(launcher, capsys):
    with calling(
        "make_saliency",
        trained(),
        stand_in(prediction, "dense", "predict"),
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
    assert make_saliency.call_args == mock.call("predict", mock.ANY, "/o")
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
            stand_in(prediction, "dense", flat),
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
