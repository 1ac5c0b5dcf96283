"""bin/make_saliency: its flags."""

from unittest import mock

from binary_calls import FEW, assert_ends_well, calling, stand_in, trained

from guided_segmentation.networks import prediction
from guided_segmentation.saliency import detector


def test_flags_reach_what_make_saliency_calls(launcher, capsys):
    with calling(
        "make_saliency",
        trained(),
        stand_in(prediction, "dense", "predict"),
        stand_in(detector, "make_saliency"),
        **FEW,
        saliency_net_dir="/s",
        output_dir="/o",
        scales="1,1.5",
        flip="true",
        fusion="max",
    ) as (network, dense, make_saliency):
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
    assert_ends_well(
        launcher, capsys.readouterr().err, "saliency maps of 2 images are in /o"
    )
