"""Calls the binaries in this process, with stand-ins for the work."""

import contextlib
import pathlib
import shlex
from unittest import mock

import numpy as np
import programs
from absl import flags
from absl.testing import flagsaver

from guided_segmentation import (
    crf,
    guides,
    provenance,
)
from guided_segmentation.command_line import (
    network_flags,
)
from guided_segmentation.datasets import (
    synthetic,
)
from guided_segmentation.evaluation import (
    folders,
    mean_iou,
    saliency_curves,
)
from guided_segmentation.networks import prediction, region_logits
from guided_segmentation.training import (
    executions,
    fine_tuning,
    optimizers,
    recipe,
    strategies,
    trainer,
)

# What would look at networks and folders that are not there.
CHECKS = (
    (provenance, "record_or_check_maps"),
    (prediction, "require_saliency_net"),
    (prediction, "require_segmenter"),
)


@contextlib.contextmanager
def calling(binary, /, *patches, **given):
    """Calls main of bin/`binary` where other functions stand in for the work.

    Args:
      binary: Its name.
      *patches: What mock.patch.object returns.
      **given: Flags, as a user would type them.

    Yields:
      The stand-ins.
    """
    with contextlib.ExitStack() as stack:
        for module, function in CHECKS:
            stack.enter_context(stand_in(module, function))
        stand_ins = [stack.enter_context(patch) for patch in patches]
        program = stack.enter_context(programs.loaded(binary))
        untested = own_flags(program) - given.keys()
        assert not untested, "give these another value, and see it arrive"
        stack.enter_context(flagsaver.as_parsed(**given))
        program.main([binary])
        yield stand_ins


def own_flags(program):
    """Names of the flags that a binary defines itself."""
    values = vars(program).values()
    return {each.name for each in values if isinstance(each, flags.FlagHolder)}


def stand_in(module, function, result=None):
    return mock.patch.object(module, function, return_value=result)


FEW = {"dataset": "synthetic", "num_images": "2"}


TRAINED = {
    "input_size": 65,
    "framing": "whole",
    "objects": list(synthetic.LABEL_SET.objects),
}


def trained():
    return stand_in(network_flags, "trained", ("network", TRAINED))


VIEWS = {"scales": [1.0, 1.5], "flip": True}


SEEDING = {
    "seeder": "cam",
    "seeder_dir": "/s",
    "dense_scores": "false",
    "blur_px": "3",
    "contrastive": "true",
    "excitation_layer": "image",
    "seed_crf": "none",
    "backprop_crf": "v2",
    "shape_split": "test",
    "scales": "1,1.5",
    "flip": "true",
}


TRAINING = {
    "work_dir": "/w",
    "num_steps": "3",
    "batch_size": "4",
    "optimizer": "adam",
    "learning_rate": "0.5",
    "schedule": "poly",
    "lr_decay_steps": "5",
    "momentum": "0.25",
    "weight_decay": "0.125",
    "head_lr_multiplier": "6",
    "head_layers": "fc7,score",
    "clip_norm": "7",
    "seed": "8",
    "checkpoint_steps": "9",
    "trunk_weights": "none",
    "freeze_through": "conv1_2",
    "features_dir": "/f",
    "data_dependent_init": "true",
    "width_multiplier": "0.75",
    "head_channels": "11",
    "fc6_dilation": "6",
    "conv5_dilation": "4",
    "stride": "16",
    "pooling": "2x2",
    "rank": "13",
    "last_convolution": "conv5_2",
    "dropout": "0.375",
    "input_size": "65",
    "framing": "whole",
    "train_scales": "0.75,1.25",
    "strategy": "one_device",
    "num_virtual_cpus": "2",
    "jit_compile": "true",
    "accumulate_steps": "2",
    "recompute": "true",
    "cache_gib": "0.25",
}


WORKERS = {  # Of --strategy=multi_worker alone.
    "workers": "a:1,b:2",
    "worker_index": "1",
    "worker_wait_seconds": "7",
}


TRAIN_SETTINGS = trainer.TrainSettings(
    num_steps=3,
    batch_size=4,
    optimizer=optimizers.OptimizerSettings(
        algorithm="adam",
        learning_rate=0.5,
        schedule="poly",
        lr_decay_steps=5,
        momentum=0.25,
        weight_decay=0.125,
        head_lr_multiplier=6.0,
        head_layers=("fc7", "score"),
        clip_norm=7.0,
    ),
    precision="mixed_bfloat16",
    seed=8,
    checkpoint_steps=9,
)


THIN = {"width_multiplier": 0.75, "head_channels": 11, "dropout": 0.375}


def assert_trained_as_told(
    train,
    strategy,
    network,
    scales=(0.75, 1.25),
    head=THIN,
    **changes,
):
    wanted = recipe.Recipe(
        network={**network, **head},
        trunk_weights="none",
        freeze_through="conv1_2",
        data_dependent_init=True,
        input_size=65,
        framing="whole",
        scales=scales,
        **changes,
    )
    assert train.call_args.args[0] == wanted
    told = train.call_args.kwargs
    assert told["settings"] == TRAIN_SETTINGS
    assert str(told["work_dir"]) == "/w"
    assert told["features_dir"] == "/f"
    assert told["strategy"] is strategy.return_value
    assert strategy.call_args == mock.call("one_device", 2)
    assert train.call_args.kwargs["execution"] == executions.Execution(
        jit_compile=True, accumulate_steps=2, recompute=True
    )


def call_training(name, *patches, **given):
    return calling(
        name,
        stand_in(fine_tuning, "train"),
        stand_in(strategies, "make_strategy", object()),
        *patches,
        **FEW,
        **{**TRAINING, **given},
        precision="mixed_bfloat16",
    )


GUIDE_FLAGS = {
    "guide": "g1",
    "seeds_dir": "/s",
    "saliency_dir": "/m",
    "classifier_dir": "/c",
    "guide_preset": "released",
    "seed_min_area": "3px",
    "background_min_area": "0.25",
    "saliency_min_area": "0.5",
    "in_doubt": "ignore",
    "no_gain": "ignore",
    "unary": "prob",
    "guide_crf": "sec",
    "crf_extent": "region",
}


GUIDE_SETTINGS = guides.GuideSettings(
    seed_min_area=guides.Area("3px"),
    background_min_area=guides.Area("0.25"),
    saliency_min_area=guides.Area("0.5"),
    in_doubt="ignore",
    no_gain="ignore",
    unary="prob",
    crf=crf.SEC,
    crf_extent="region",
)


def classifying():
    """Stands in for the classifier of G1."""
    network = mock.Mock()
    network.name = "vgg16"
    return (
        stand_in(network_flags, "trained", (network, TRAINED)),
        stand_in(region_logits, "classifier", "classifier"),
    )


def assert_labelled_as_told(labeller, load, classifier):
    guide, source = labeller.call_args.args
    assert guide == "g1"
    assert source.name.startswith("synthetic")
    assert load.call_args == mock.call("/c")
    assert classifier.call_args == mock.call(load.return_value[0], 65)
    assert labeller.call_args.kwargs == {
        "seeds_dir": "/s",
        "saliency_dir": "/m",
        "classifier": "classifier",
        "settings": GUIDE_SETTINGS,
    }


def all_right(images=2):
    """Counts of predictions without a fault."""
    classes = synthetic.LABEL_SET.num_classes
    confusion = np.eye(classes, classes + 1, dtype=np.int64)
    areas = mean_iou.areas(confusion)
    each = mean_iou.Areas(*(np.stack([area] * images) for area in areas))
    return folders.Counts(images * confusion, each)


def half_right():
    """Means of one image, half of which is salient and all of which is true."""
    counts = np.zeros((2, 256), np.int64)
    counts[1, [0, 255]] = 2
    return saliency_curves.mean([counts])


def assert_ends_well(launcher, shown, made):
    """Checks the line that says what was made, and the command it names."""
    *before, line = shown.strip().splitlines()
    assert all(each.startswith(("data: ", "classes: ")) for each in before)
    found, _, command = line.partition("; next: ")
    assert found == f"done: {made}"
    binary, *arguments = shlex.split(command)
    done = launcher.run(
        pathlib.Path(binary).name, *arguments, "--only_check_args"
    )
    assert (done.returncode, done.stderr) == (0, "")
