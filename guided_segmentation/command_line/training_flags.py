"""Flags of the three train_* binaries. Only these import this module."""

from collections.abc import Sequence

import tensorflow as tf
from absl import flags

from guided_segmentation import images
from guided_segmentation.command_line import network_flags
from guided_segmentation.networks import deeplab_v1, deeplab_v2
from guided_segmentation.training import (
    optimizers,
    recipe,
    strategies,
    trainer,
)

_TRAIN = trainer.TrainSettings
_SGD = optimizers.OptimizerSettings

WORK_DIR = flags.DEFINE_string(
    "work_dir",
    None,
    "Folder for checkpoints, TensorBoard events, settings.json and "
    "weights.npz. The same command resumes a stopped run.",
    required=True,
)
NUM_STEPS = flags.DEFINE_integer(
    "num_steps", _TRAIN.num_steps, "Optimiser steps.", lower_bound=1
)
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size",
    _TRAIN.batch_size,
    "Images a step over all replicas.",
    lower_bound=1,
)
OPTIMIZER = flags.DEFINE_enum(
    "optimizer",
    _SGD.algorithm,
    list(optimizers.ALGORITHMS),
    "sgd: with momentum and Caffe's rates, the paper's; adam: starts networks "
    "without pretrained weights faster.",
)
LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", _SGD.learning_rate, "Rate of the first step."
)
SCHEDULE = flags.DEFINE_enum(
    "schedule",
    _SGD.schedule,
    list(optimizers.SCHEDULES),
    "step: a tenth of the rate after every lr_decay_steps; poly: down to zero.",
)
LR_DECAY_STEPS = flags.DEFINE_integer(
    "lr_decay_steps",
    _SGD.lr_decay_steps,
    "Steps between two drops of the rate.",
)
MOMENTUM = flags.DEFINE_float("momentum", _SGD.momentum, "Momentum of SGD.")
WEIGHT_DECAY = flags.DEFINE_float(
    "weight_decay", _SGD.weight_decay, "L2 penalty of kernels."
)
HEAD_LR_MULTIPLIER = flags.DEFINE_float(
    "head_lr_multiplier",
    _SGD.head_lr_multiplier,
    "Factor on the rate of head_layers.",
)
HEAD_LAYERS = flags.DEFINE_list(
    "head_layers", list(_SGD.head_layers), "Layers that start fresh."
)
CLIP_NORM = flags.DEFINE_float(
    "clip_norm",
    _SGD.clip_norm,
    "Longest gradient over all variables; 0 does not clip. Networks without "
    "pretrained weights need it to start fast.",
    lower_bound=0.0,
)
SEED = flags.DEFINE_integer(
    "seed", _TRAIN.seed, "Fixes order, augmentation, dropout, fresh weights."
)
CHECKPOINT_STEPS = flags.DEFINE_integer(
    "checkpoint_steps",
    _TRAIN.checkpoint_steps,
    "Steps between checkpoints.",
    lower_bound=1,
)
TRUNK_WEIGHTS = flags.DEFINE_string(
    "trunk_weights",
    recipe.Recipe.trunk_weights,
    "imagenet (Keras's download), a path to Keras's .h5 file of VGG16, or of "
    "ResNet101 for deeplab_v2, the folder of an earlier training run, or none "
    "(He initialisation).",
)
FREEZE_THROUGH = flags.DEFINE_string(
    "freeze_through",
    None,
    "Last layer that does not learn, e.g. conv3_3, or conv3_block4_out in "
    "ResNet101. With --framing=whole the features of the frozen layers are "
    "cached on the disk.",
)
FEATURES_DIR = flags.DEFINE_string(
    "features_dir",
    None,
    "Folder where features of frozen layers are cached; runs that share it "
    "share the features. Inside work_dir if not given.",
)
WIDTH_MULTIPLIER = flags.DEFINE_float(
    "width_multiplier",
    1.0,
    "Factor on the channels of the trunk; thin ones suit small machines.",
    lower_bound=0.01,
)
HEAD_CHANNELS = flags.DEFINE_integer(
    "head_channels",
    None,
    "Channels of fc6 and fc7, which deeplab_v2 lacks. Not given: 1024, the "
    "paper's; 4096 for vgg16.",
    lower_bound=1,
)
FC6_DILATION = flags.DEFINE_integer(
    "fc6_dilation",
    12,
    "Dilation of fc6 in DeepLabv1-LargeFOV: its reach in cells of 8 pixels. "
    "Shrink it for small photographs.",
    lower_bound=1,
)
CONV5_DILATION = flags.DEFINE_integer(
    "conv5_dilation",
    2,
    "Dilation of conv5 in DeepLabv1-LargeFOV; 1 suits a trunk that comes from "
    "GAP-HighRes, which has no pool4 either.",
    lower_bound=1,
)
STRIDE = flags.DEFINE_enum(
    "stride",
    "8",
    ["8", "16"],
    "Pixels between the cells that DeepLabv1-LargeFOV learns from; 16 leaves a "
    "quarter of them above conv4. Predictions are made every 8 pixels either "
    "way, by the hole algorithm.",
)
POOLING = flags.DEFINE_enum(
    "pooling",
    "3x3",
    sorted(deeplab_v1.GRID_ORIGINS),
    "Windows of the first four pools in DeepLabv1-LargeFOV: 3x3, the paper's, "
    "or 2x2, VGG16's own, which suits a trunk that stays as ImageNet left it.",
)
DROPOUT = flags.DEFINE_float(
    "dropout",
    0.5,
    "Share of activations dropped after fc6 and fc7 in training.",
    lower_bound=0.0,
    upper_bound=0.99,
)
INPUT_SIZE = flags.DEFINE_integer(
    "input_size",
    recipe.Recipe.input_size,
    "Side of the squares that the network takes, in pixels.",
    lower_bound=9,
)
FRAMING = flags.DEFINE_enum(
    "framing",
    None,
    sorted(images.FRAMINGS),
    "How squares are cut. "
    + "; ".join(f"{name}: {text}" for name, text in images.FRAMINGS.items()),
)
TRAIN_SCALES = flags.DEFINE_list(
    "train_scales",
    [str(scale) for scale in recipe.Recipe.scales],
    "Factors on the size at which photographs are seen in training, one drawn "
    "for each example; squares of input_size are cut from larger ones. Cached "
    "features are kept for each. Not for seeders.",
)
DATA_DEPENDENT_INIT = flags.DEFINE_bool(
    "data_dependent_init",
    recipe.Recipe.data_dependent_init,
    "Scale layers without pretrained weights to the first batch (data-"
    "dependent initialisation); deep thin networks start far faster, and "
    "ResNet101, whose normalisation is frozen, does not start without.",
)
STRATEGY = flags.DEFINE_enum(
    "strategy",
    "mirrored",
    ["mirrored", "one_device"],
    "mirrored: all GPUs, else the CPU; one_device: the first of them.",
)
NUM_VIRTUAL_CPUS = flags.DEFINE_integer(
    "num_virtual_cpus",
    1,
    "Replicas to simulate on the CPU; they train exactly as one.",
    lower_bound=1,
)


def train_settings(**defaults) -> trainer.TrainSettings:
    """Returns how the flags say to train.

    Args:
      **defaults: What flags of the schedule and the head are, by name, if
        they are not given.
    """
    told = {
        holder.name: holder.value
        if holder.present
        else defaults.get(holder.name, holder.value)
        for holder in (
            NUM_STEPS,
            BATCH_SIZE,
            LEARNING_RATE,
            SCHEDULE,
            LR_DECAY_STEPS,
            HEAD_LAYERS,
        )
    }
    return trainer.TrainSettings(
        num_steps=told["num_steps"],
        batch_size=told["batch_size"],
        optimizer=optimizers.OptimizerSettings(
            algorithm=OPTIMIZER.value,
            learning_rate=told["learning_rate"],
            schedule=told["schedule"],
            lr_decay_steps=told["lr_decay_steps"],
            momentum=MOMENTUM.value,
            weight_decay=WEIGHT_DECAY.value,
            head_lr_multiplier=HEAD_LR_MULTIPLIER.value,
            head_layers=tuple(told["head_layers"]),
            clip_norm=CLIP_NORM.value,
        ),
        precision=network_flags.PRECISION.value,
        seed=SEED.value,
        checkpoint_steps=CHECKPOINT_STEPS.value,
    )


def recipe_from_flags(
    network: dict,
    framing: str,
    sampling: str = recipe.Recipe.sampling,
    head_channels: int = 1024,
    scales: Sequence[float] = recipe.Recipe.scales,
) -> recipe.Recipe:
    """Returns the recipe that the flags give.

    Args:
      network: Name of the builder and its number of classes or objects.
      framing: What --framing is if it is not given.
      sampling: Key of recipe.BATCHES.
      head_channels: What --head_channels is if it is not given.
      scales: What --train_scales is if it is not given.
    """
    head = {
        "head_channels": HEAD_CHANNELS.value or head_channels,
        "dropout": DROPOUT.value,
    }
    if network["name"] == deeplab_v2.NAME:
        head = {}  # It has no fc6 and fc7.
    if TRAIN_SCALES.present:
        scales = TRAIN_SCALES.value
    return recipe.Recipe(
        network={**network, "width_multiplier": WIDTH_MULTIPLIER.value, **head},
        trunk_weights=TRUNK_WEIGHTS.value,
        freeze_through=FREEZE_THROUGH.value,
        input_size=INPUT_SIZE.value,
        framing=FRAMING.value or framing,
        scales=tuple(map(float, scales)),
        data_dependent_init=DATA_DEPENDENT_INIT.value,
        sampling=sampling,
    )


def dense_network(num_classes: int, name: str = "deeplab_v1") -> dict:
    """Returns a DeepLab as the flags give it, for `recipe_from_flags`.

    Args:
      num_classes: Number of classes.
      name: "deeplab_v1" (LargeFOV) or "deeplab_v2" (ResNet101).
    """
    own = {} if name == deeplab_v2.NAME else of_deeplab()
    return {"name": name, "num_classes": num_classes, **own}


def of_deeplab() -> dict:
    """Returns what sets one DeepLabv1-LargeFOV apart from another."""
    return {
        "fc6_dilation": FC6_DILATION.value,
        "conv5_dilation": CONV5_DILATION.value,
        "stride": int(STRIDE.value),
        "pooling": POOLING.value,
    }


def strategy() -> tf.distribute.Strategy:
    """Returns the strategy that the flags name."""
    return strategies.make_strategy(STRATEGY.value, NUM_VIRTUAL_CPUS.value)
