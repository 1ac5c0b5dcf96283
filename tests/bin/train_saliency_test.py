"""bin/train_saliency: its flags and defaults."""

import contextlib

import numpy as np
import programs
import pytest
from absl.testing import flagsaver
from binary_calls import (
    FEW,
    assert_ends_well,
    assert_trained_as_told,
    call_training,
    stand_in,
)

from guided_segmentation import artifacts
from guided_segmentation.datasets import synthetic
from guided_segmentation.report import masks_page
from guided_segmentation.saliency import grabcut
from guided_segmentation.training import (
    fine_tuning,
)


def test_flags_reach_what_train_saliency_calls(launcher, capsys):
    with call_training(
        "train_saliency",
        stand_in(grabcut, "make_masks"),
        stand_in(masks_page, "write_page"),
        network="deeplab_v2",
        average_box="median",
        grabcut_steps="2",
        masks_dir="/m",
        num_pictures="7",
        teacher_dir="",
    ) as (train, strategy, make_masks, write_page):
        pass
    network = {"name": "deeplab_v2", "num_classes": 2}
    assert_trained_as_told(
        train, strategy, network, head={"width_multiplier": 0.75}
    )
    source, masks_dir, settings = make_masks.call_args.args
    assert source.boxes is not None
    assert str(masks_dir) == "/m"
    assert settings == grabcut.GrabCutSettings(average="median", num_steps=2)
    path, *made, num_pictures = write_page.call_args.args
    assert (str(path), num_pictures) == ("/w/masks.html", 7)
    assert made == [source, masks_dir, settings]
    assert_ends_well(
        launcher,
        capsys.readouterr().err,
        "the saliency net is in /w, and /w/masks.html shows masks it learned "
        "from",
    )


def test_flags_of_deeplab_v1_reach_its_saliency_net():
    with call_training(
        "train_saliency",
        stand_in(grabcut, "make_masks"),
        stand_in(masks_page, "write_page"),
        network="deeplab_v1",
        average_box="mean",
        grabcut_steps="2",
        masks_dir="/m",
        num_pictures="7",
        teacher_dir="",
    ) as (train, strategy, *_):
        pass
    network = {
        "name": "deeplab_v1",
        "num_classes": 2,
        "fc6_dilation": 6,
        "conv5_dilation": 4,
        "stride": 16,
        "pooling": "2x2",
        "rank": 13,
        "last_convolution": "conv5_2",
    }
    assert_trained_as_told(train, strategy, network)


@pytest.mark.parametrize(
    ("network", "schedule", "scales"),
    [
        ("deeplab_v1", (8000, 15, 1e-3, "step", 2000), (1.0,)),
        (
            "deeplab_v2",
            (20_000, 10, 2.5e-4, "poly", 2000),
            (0.5, 0.75, 1.0, 1.25, 1.5),
        ),
    ],
)
def test_the_saliency_net_is_trained_as_its_authors_did(
    network, schedule, scales
):
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        stack.enter_context(stand_in(grabcut, "make_masks"))
        stack.enter_context(stand_in(masks_page, "write_page"))
        program = stack.enter_context(programs.loaded("train_saliency"))
        stack.enter_context(flagsaver.as_parsed(network=network, work_dir="/w"))
        program.main(["train_saliency"])
    chosen, settings = (
        train.call_args.args[0],
        train.call_args.kwargs["settings"],
    )
    sgd = settings.optimizer
    assert (chosen.input_size, chosen.framing) == (321, "crop")
    assert chosen.scales == scales
    assert schedule == (
        settings.num_steps,
        settings.batch_size,
        sgd.learning_rate,
        sgd.schedule,
        sgd.lr_decay_steps,
    )
    assert (sgd.momentum, sgd.weight_decay, sgd.head_lr_multiplier) == (
        0.9,
        5e-4,
        10,
    )
    heads = {
        "deeplab_v1": ("score", "fc8"),
        "deeplab_v2": ("fc1_rate6", "fc1_rate12", "fc1_rate18", "fc1_rate24"),
    }
    assert sgd.head_layers == heads[network]


@contextlib.contextmanager
def distilling(tmp_path, **given):
    """Calls the binary with a teacher's maps of two drawn scenes."""
    with contextlib.ExitStack() as stack:
        train = stack.enter_context(stand_in(fine_tuning, "train"))
        program = stack.enter_context(programs.loaded("train_saliency"))
        stack.enter_context(
            flagsaver.as_parsed(
                **FEW,
                work_dir="/w",
                teacher_dir=str(tmp_path),
                **given,
            )
        )
        yield program, train


def test_a_small_net_learns_a_teachers_maps(tmp_path):
    source = synthetic.source("train", num_images=2)
    levels = np.linspace(0, 0.5, 6).reshape(2, 3)
    for image_id in source.image_ids:
        artifacts.write_saliency_map(tmp_path / f"{image_id}.png", levels)
    with distilling(tmp_path) as (program, train):
        program.main(["train_saliency"])
    chosen, learned_from, target = train.call_args.args
    assert chosen.is_distilled
    assert learned_from.image_ids == source.image_ids
    assert learned_from.label_set is None
    np.testing.assert_allclose(
        target(source.image_ids[0]),
        np.linspace(0, 254, 6).reshape(2, 3),
        atol=2,
    )
    recorded = train.call_args.kwargs["extra_settings"]["inputs"]
    assert recorded.keys() == {"teacher's maps"}


def test_a_teacher_has_a_map_of_every_photograph(tmp_path):
    with (
        pytest.raises(
            ValueError,
            match=rf"^{tmp_path}: wanted a saliency map of every photograph, "
            rf"found none of 2, the first is '\S+'; make them with "
            rf"bin/make_saliency$",
        ),
        distilling(tmp_path) as (program, _),
    ):
        program.main(["train_saliency"])
