"""bin/demo_server: its flags and networks."""

import contextlib
from unittest import mock

import pytest
from binary_calls import TRAINED, calling, stand_in, trained

from guided_segmentation.command_line import (
    network_flags,
)
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.demo import page, session, upload
from guided_segmentation.networks import prediction
from guided_segmentation.seeders import (
    cam,
)

SERVING = {
    "work_dir": "/w",
    "seeder_dir": "/e",
    "saliency_net_dir": "/n",
    "segmenter_dir": "/s",
    "seed_threshold": "0.25",
    "host": "0.0.0.0",
    "port": "81",
    "dense_scores": "false",
    "max_upload_mb": "3",
    "max_pixels": "4000",
    "longest_px": "50",
}


@contextlib.contextmanager
def serving(*patches, **given):
    with calling(
        "demo_server",
        stand_in(page, "gradio"),
        stand_in(page, "build", "page"),
        stand_in(page, "serve"),
        stand_in(cam, "seeder", "seed"),
        stand_in(prediction, "dense", "predict"),
        *(patches or [trained()]),
        **{**SERVING, **given},
    ) as (_, build, serve, seeder, dense, network):
        yield build, serve, seeder, dense, network


def test_flags_reach_what_demo_server_calls():
    with serving(scales="1,1.5", flip="true") as stand_ins:
        build, serve, seeder, dense, network = stand_ins
    looks = {"scales": [1.0, 1.5], "flip": True}
    seeder_call = mock.call("/e", dense=False)
    others = map(mock.call, ("/n", "/s"))
    assert network.call_args_list == [seeder_call, *others]
    assert seeder.call_args == mock.call("network", 65, **looks)
    seen = mock.call("network", size=65, framing="whole", **looks)
    assert dense.call_args_list == [seen, seen]
    answers, _, threshold = build.call_args.args
    assert isinstance(answers, session.DemoSession)
    assert answers.label_set == synthetic.LABEL_SET
    assert threshold == 0.25
    limits = upload.Limits(max_megabytes=3.0, max_pixels=4000, longest_px=50)
    assert serve.call_args == mock.call("page", "0.0.0.0", 81, limits)


def test_the_demo_finds_the_networks_of_an_experiment():
    none = dict(seeder_dir="", saliency_net_dir="", segmenter_dir="")
    with serving(**none) as (*_, network):
        pass
    folders = ("/w/seeder", "/w/saliency", "/w/segmenter/g2")
    assert [call.args for call in network.call_args_list] == [
        (folder,) for folder in folders
    ]


def test_the_demo_wants_a_folder_for_every_network():
    with (
        pytest.raises(
            ValueError,
            match=r"^wanted --work_dir or --segmenter_dir, the folder of a "
            r"finished training run; found neither$",
        ),
        serving(work_dir="", segmenter_dir=""),
    ):
        pass


def test_the_demo_wants_networks_of_the_same_objects():
    others = mock.patch.object(
        network_flags,
        "trained",
        side_effect=lambda folder, **_: (
            "network",
            {**TRAINED, "objects": ["cat" if folder == "/s" else "dog"]},
        ),
    )
    with (
        pytest.raises(
            ValueError,
            match=r"^wanted seeder and segmenter of the same objects, found "
            r"\['dog'\] and \['cat'\]; give two runs on one data "
            r"set$",
        ),
        serving(others),
    ):
        pass
