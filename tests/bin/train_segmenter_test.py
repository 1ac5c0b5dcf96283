"""bin/train_segmenter: its flags, and guides made on the fly."""

import pathlib
from unittest import mock

import numpy as np
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
from damaged_data import error_of

from guided_segmentation import (
    artifacts,
    crf,
)
from guided_segmentation.datasets import (
    layouts,
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
        val_split="val",
        val_steps="7",
        val_images="1",
        keep="best",
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
    validated = train.call_args.kwargs["validated"]
    assert (validated.name, validated.steps) == ("miou", 7)
    assert validated.keep == "best"
    assert validated.images["source"] == "synthetic/val"
    assert validated.images["count"] == 1
    assert_ends_well(
        launcher, capsys.readouterr().err, "the segmenter is in /w"
    )


def test_scores_need_a_split(launcher, tmp_path):
    run = f"--work_dir={tmp_path}/run"
    done = launcher.run(
        "train_segmenter", "--guide=full", "--num_images=2", "--keep=best", run
    )
    assert error_of(done) == (
        "error: --keep wanted --val_split, which says what is scored while "
        "the network trains; found none"
    )


def test_photographs_in_a_folder_have_no_split_to_score(launcher, tmp_path):
    layouts.write_photograph(
        tmp_path / "photos" / "a.jpg", np.zeros((20, 20, 3), np.uint8)
    )
    (tmp_path / "photos" / "class_names.txt").write_text("cat\n")
    (tmp_path / "tags.csv").write_text("image_id,labels\na,cat\n")
    done = launcher.run(
        "train_segmenter",
        "--guide=seeds_only",
        "--dataset=folder",
        f"--data_dir={tmp_path}/photos",
        f"--image_labels=csv:{tmp_path}/tags.csv",
        f"--seeds_dir={tmp_path}/seeds",
        "--val_split=val",
        f"--work_dir={tmp_path}/run",
    )
    assert error_of(done) == (
        "error: --val_split wanted data with splits (pascal_voc, synthetic), "
        "found --dataset=folder; leave it out"
    )


def test_a_segmenter_is_scored_on_scenes_of_val(launcher, tmp_path):
    done = launcher.run(
        "train_segmenter",
        "--guide=full",
        "--num_images=2",
        "--val_split=val",
        f"--work_dir={tmp_path}/segmenter",
        "--trunk_weights=none",
        "--width_multiplier=0.02",
        "--head_channels=2",
        "--input_size=65",
        "--batch_size=2",
        "--num_steps=1",
    )
    assert done.returncode == 0, done.stderr
    told = artifacts.read_json(tmp_path / "segmenter" / "validation.json")
    assert told["score"] == "miou"
    assert 0 <= told["curve"][0]["score"] < 1
    assert told["images"]["count"] == 2


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
