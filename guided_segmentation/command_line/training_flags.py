"""Flags of the three train_* binaries. Only they import this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from absl import flags

from guided_segmentation import images
from guided_segmentation.command_line import (
    execution_flags,
    network_flags,
    optimizer_flags,
    strategy_flags,
)
from guided_segmentation.errors import InputError
from guided_segmentation.networks import deeplab_v1, deeplab_v2, vgg16
from guided_segmentation.training import recipe, trainer

flags.adopt_module_key_flags(optimizer_flags)
flags.adopt_module_key_flags(execution_flags)
flags.adopt_module_key_flags(strategy_flags)

_TRAIN = trainer.TrainSettings

WORK_DIR = flags.DEFINE_string(
    "work_dir",
    None,
    "Folder for checkpoints, TensorBoard events, settings.json and "
    "weights.npz. The same command resumes an interrupted run.",
    required=True,
)
NUM_STEPS = flags.DEFINE_integer(
    "num_steps", _TRAIN.num_steps, "Optimizer steps.", lower_bound=1
)
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size",
    _TRAIN.batch_size,
    "Images per step, over all replicas.",
    lower_bound=1,
)
SEED = flags.DEFINE_integer(
    "seed",
    _TRAIN.seed,
    "Seed of image order, augmentation, dropout and initial weights.",
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
    "Initial weights of the trunk: imagenet (downloaded by Keras), the path of "
    "Keras's .h5 file of VGG16, or of ResNet101 for deeplab_v2, the folder of "
    "an earlier training run, or none (He initialization).",
)
FREEZE_THROUGH = flags.DEFINE_string(
    "freeze_through",
    None,
    "Last frozen layer, such as conv3_3, or conv3_block4_out in ResNet101. "
    "With --framing=whole the features of the frozen layers are cached on "
    "disk.",
)
FEATURES_DIR = flags.DEFINE_string(
    "features_dir",
    None,
    "Folder of the cached features of frozen layers, which several runs can "
    "share. Not given: inside work_dir.",
)
WIDTH_MULTIPLIER = flags.DEFINE_float(
    "width_multiplier",
    1.0,
    "Factor on the number of channels of the trunk; small machines need less "
    "than 1.",
    lower_bound=0.01,
)
HEAD_CHANNELS = flags.DEFINE_integer(
    "head_channels",
    None,
    "Channels of fc6 and fc7, which deeplab_v2 does not have. Not given: 1024, "
    "as in the paper; 4096 for vgg16.",
    lower_bound=1,
)
FC6_DILATION = flags.DEFINE_integer(
    "fc6_dilation",
    12,
    "Dilation of fc6 in DeepLabv1-LargeFOV, in cells of 8 pixels. Small "
    "photographs need a smaller one.",
    lower_bound=1,
)
CONV5_DILATION = flags.DEFINE_integer(
    "conv5_dilation",
    2,
    "Dilation of conv5 in DeepLabv1-LargeFOV; use 1 with a trunk from "
    "GAP-HighRes, which has no pool4.",
    lower_bound=1,
)
STRIDE = flags.DEFINE_enum(
    "stride",
    "8",
    ["8", "16"],
    "Output stride of DeepLabv1-LargeFOV in training, in pixels; 16 computes a "
    "quarter of the cells above conv4. Predictions always have stride 8, by "
    "dilated convolution.",
)
POOLING = flags.DEFINE_enum(
    "pooling",
    "3x3",
    sorted(deeplab_v1.GRID_ORIGINS),
    "Windows of the first four pools in DeepLabv1-LargeFOV: 3x3, as in the "
    "paper, or 2x2, as in VGG16, for a trunk that is frozen.",
)
RANK = flags.DEFINE_integer(
    "rank",
    None,
    "Rank of conv4 and conv5 in DeepLabv1-LargeFOV: each convolution becomes a "
    "3x3 one to this many channels and a 1x1 one, fitted to those of "
    "--trunk_weights. For small networks; not given: full convolutions, as in "
    "the paper.",
    lower_bound=1,
)
LAST_CONVOLUTION = flags.DEFINE_enum(
    "last_convolution",
    None,
    [name for name in vgg16.CONVOLUTIONS if name.startswith("conv5")],
    "Last convolution of the trunk in DeepLabv1-LargeFOV. Not given: conv5_3.",
)
DROPOUT = flags.DEFINE_float(
    "dropout",
    0.5,
    "Fraction of activations dropped after fc6 and fc7 in training.",
    lower_bound=0.0,
    upper_bound=0.99,
)
INPUT_SIZE = flags.DEFINE_integer(
    "input_size",
    recipe.Recipe.input_size,
    "Network input size: side of the square crops, in pixels. Not given: 224 "
    "for train_seeder --seeder=vgg16, as in the paper.",
    lower_bound=9,
)
FRAMING = flags.DEFINE_enum(
    "framing",
    None,
    sorted(images.FRAMINGS),
    "How photographs become squares. "
    + "; ".join(f"{name}: {text}" for name, text in images.FRAMINGS.items()),
)
TRAIN_SCALES = flags.DEFINE_list(
    "train_scales",
    [str(scale) for scale in recipe.Recipe.scales],
    "Factors on the size of photographs in training, one drawn at random for "
    "each example; squares of input_size are cropped from larger ones. "
    "Features are cached for each factor. Not for seeders.",
)
DATA_DEPENDENT_INIT = flags.DEFINE_bool(
    "data_dependent_init",
    recipe.Recipe.data_dependent_init,
    "Data-dependent initialization: scale layers without pretrained weights by "
    "the first batch. Deep thin networks learn much faster at first; "
    "ResNet101, whose normalization is frozen, learns nothing without it.",
)


def train_settings(**defaults: Any) -> trainer.TrainSettings:
    """Returns the settings of a training run from the flags.

    Args:
      **defaults: Values of the flags of the schedule and the head, by name,
        that hold if the flags are not given.
    """
    told = optimizer_flags.given_or_default((NUM_STEPS, BATCH_SIZE), defaults)
    return trainer.TrainSettings(
        num_steps=told["num_steps"],
        batch_size=told["batch_size"],
        optimizer=optimizer_flags.settings(**defaults),
        precision=network_flags.resolve_precision(WORK_DIR.value),
        seed=SEED.value,
        checkpoint_steps=CHECKPOINT_STEPS.value,
    )


def recipe_from_flags(
    network: dict,
    framing: str,
    sampling: str = recipe.Recipe.sampling,
    head_channels: int = 1024,
    scales: Sequence[float] = recipe.Recipe.scales,
    input_size: int = recipe.Recipe.input_size,
) -> recipe.Recipe:
    """Returns the recipe that the flags describe.

    Args:
      network: Name of the builder and its number of classes or objects.
      framing: Default of --framing.
      sampling: Key of inputs.SAMPLINGS.
      head_channels: Default of --head_channels.
      scales: Default of --train_scales.
      input_size: Default of --input_size.
    """
    head: dict[str, Any] = {
        "head_channels": HEAD_CHANNELS.value or head_channels,
        "dropout": DROPOUT.value,
    }
    if network["name"] == deeplab_v2.NAME:
        head = {}  # It has neither fc6 nor fc7.
    if TRAIN_SCALES.present:
        try:
            scales = [float(scale) for scale in TRAIN_SCALES.value]
        except ValueError as error:
            raise InputError(
                f"--train_scales: wanted numbers such as 1,1.5; {error}"
            ) from error
    return recipe.Recipe(
        network={**network, "width_multiplier": WIDTH_MULTIPLIER.value, **head},
        trunk_weights=TRUNK_WEIGHTS.value,
        freeze_through=FREEZE_THROUGH.value,
        input_size=INPUT_SIZE.value if INPUT_SIZE.present else input_size,
        framing=FRAMING.value or framing,
        scales=tuple(scales),
        data_dependent_init=DATA_DEPENDENT_INIT.value,
        sampling=sampling,
    )


def dense_network(num_classes: int, name: str = "deeplab_v1") -> dict:
    """Returns a DeepLab as the flags describe it, for `recipe_from_flags`.

    Args:
      num_classes: Number of classes.
      name: "deeplab_v1" (LargeFOV) or "deeplab_v2" (ResNet101).
    """
    own = {} if name == deeplab_v2.NAME else of_deeplab()
    return {"name": name, "num_classes": num_classes, **own}


def of_deeplab() -> dict:
    """Returns the settings that only DeepLabv1-LargeFOV has."""
    optional = (RANK, LAST_CONVOLUTION)
    return {
        "fc6_dilation": FC6_DILATION.value,
        "conv5_dilation": CONV5_DILATION.value,
        "stride": int(STRIDE.value),
        "pooling": POOLING.value,
        **{each.name: each.value for each in optional if each.value},
    }
