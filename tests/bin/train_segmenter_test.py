"""bin/train_segmenter: its flags, and guides made on the fly."""

import pathlib
from unittest import mock

import programs
from binary_calls import (
    GUIDE_FLAGS,
    assert_ends_well,
    assert_labelled_as_told,
    assert_trained_as_told,
    call_training,
    classifying,
    stand_in,
)

from guided_segmentation import (
    artifacts,
    crf,
)
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.guides import labelling
from guided_segmentation.training import (
    recipe,
)


def test_flags_reach_what_train_segmenter_calls(launcher, capsys):
    with call_training(
        "train_segmenter",
        stand_in(labelling, "labeller", "label"),
        stand_in(labelling, "cached", "cached"),
        *classifying(),
        **GUIDE_FLAGS,
        guide_cache="file",
        guides_dir="/g",
        crf_loss="v1",
        crf_loss_weight="0.5",
    ) as (train, strategy, labeller, cached, *classifier):
        pass
    classes = synthetic.LABEL_SET.num_classes
    network = {
        "name": "deeplab_v1",
        "num_classes": classes,
        "fc6_dilation": 6,
        "conv5_dilation": 4,
        "stride": 16,
        "pooling": "2x2",
        "rank": 13,
        "last_convolution": "conv5_2",
    }
    crf_loss = recipe.CrfLossSettings(settings=crf.SEC, weight=0.5)
    assert_trained_as_told(train, strategy, network, crf_loss=crf_loss)
    assert_labelled_as_told(labeller, *classifier)
    source = train.call_args.args[1]
    assert cached.call_args == mock.call(
        "label", pathlib.Path("/g"), source=source
    )
    assert train.call_args.args[2] == "cached"
    assert train.call_args.kwargs["extra_settings"]["guide"] == "g1"
    assert train.call_args.kwargs["extra_settings"]["unary"] == "prob"
    assert_ends_well(
        launcher, capsys.readouterr().err, "the segmenter is in /w"
    )


def test_g1_is_the_same_ahead_and_inside_the_training(launcher, tmp_path):
    """With two replicas, so that the classifier runs beside them."""
    source = synthetic.source("train", num_images=3, seed=0)
    for image_id in source.image_ids:
        salient = source.label_map(image_id) % 255 > 0
        path = tmp_path / "saliency" / f"{image_id}.png"
        artifacts.write_saliency_map(path, salient)
    objects = list(source.label_set.objects)
    programs.write_seeder(tmp_path / "vgg16", objects, "vgg16")
    guide = (
        "--guide=g1",
        "--num_images=3",
        f"--saliency_dir={tmp_path}/saliency",
        f"--classifier_dir={tmp_path}/vgg16",
    )
    ahead = launcher.run("make_guides", *guide, f"--output_dir={tmp_path}/g1")
    assert ahead.returncode == 0, ahead.stderr
    done = launcher.run(
        "train_segmenter",
        *guide,
        f"--work_dir={tmp_path}/segmenter",
        "--guide_cache=file",
        "--trunk_weights=none",
        "--width_multiplier=0.02",
        "--head_channels=2",
        "--input_size=65",
        "--batch_size=4",
        "--num_steps=1",
        "--strategy=mirrored",
        "--num_virtual_cpus=2",
    )
    assert done.returncode == 0, done.stderr
    for image_id in source.image_ids:
        made, remembered = (
            (tmp_path / folder / f"{image_id}.png").read_bytes()
            for folder in ("g1", "segmenter/guides")
        )
        assert made == remembered
