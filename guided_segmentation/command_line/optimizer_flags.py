"""Flags of the optimizer, which the three train_* binaries share."""

from collections.abc import Iterable, Mapping
from typing import Any

from absl import flags

from guided_segmentation.training import optimizers

_SGD = optimizers.OptimizerSettings

OPTIMIZER = flags.DEFINE_enum(
    "optimizer",
    _SGD.algorithm,
    list(optimizers.ALGORITHMS),
    "sgd: with momentum and Caffe's learning rates, as in the paper; adam: "
    "networks without pretrained weights learn faster at first.",
)
LEARNING_RATE = flags.DEFINE_float(
    "learning_rate", _SGD.learning_rate, "Learning rate of the first step."
)
SCHEDULE = flags.DEFINE_enum(
    "schedule",
    _SGD.schedule,
    list(optimizers.SCHEDULES),
    "step: the learning rate drops to a tenth every lr_decay_steps; poly: it "
    "falls to zero over all steps.",
)
LR_DECAY_STEPS = flags.DEFINE_integer(
    "lr_decay_steps",
    _SGD.lr_decay_steps,
    "Steps between two drops of the learning rate (--schedule=step).",
)
MOMENTUM = flags.DEFINE_float("momentum", _SGD.momentum, "Momentum of SGD.")
WEIGHT_DECAY = flags.DEFINE_float(
    "weight_decay", _SGD.weight_decay, "Factor on the L2 penalty of kernels."
)
HEAD_LR_MULTIPLIER = flags.DEFINE_float(
    "head_lr_multiplier",
    _SGD.head_lr_multiplier,
    "Factor on the learning rate of head_layers.",
)
HEAD_LAYERS = flags.DEFINE_list(
    "head_layers",
    list(_SGD.head_layers),
    "Layers that start without pretrained weights.",
)
CLIP_NORM = flags.DEFINE_float(
    "clip_norm",
    _SGD.clip_norm,
    "Largest norm of the gradient over all variables; 0 does not clip. "
    "Networks without pretrained weights learn faster at first with it.",
    lower_bound=0.0,
)


def settings(**defaults: Any) -> optimizers.OptimizerSettings:
    """Returns the settings of the optimizer from the flags.

    Args:
      **defaults: Values that hold if the flags of learning_rate, schedule,
        lr_decay_steps and head_layers are not given; other names are ignored.
    """
    told = given_or_default(
        (LEARNING_RATE, SCHEDULE, LR_DECAY_STEPS, HEAD_LAYERS), defaults
    )
    return optimizers.OptimizerSettings(
        algorithm=OPTIMIZER.value,
        learning_rate=told["learning_rate"],
        schedule=told["schedule"],
        lr_decay_steps=told["lr_decay_steps"],
        momentum=MOMENTUM.value,
        weight_decay=WEIGHT_DECAY.value,
        head_lr_multiplier=HEAD_LR_MULTIPLIER.value,
        head_layers=tuple(told["head_layers"]),
        clip_norm=CLIP_NORM.value,
    )


def given_or_default(
    holders: Iterable[flags.FlagHolder], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns values of flags by name.

    Args:
      holders: The flags.
      defaults: Values, by name, that hold if a flag is not given; those that
        are not in it have the default of their flag.
    """
    return {
        each.name: each.value
        if each.present
        else defaults.get(each.name, each.value)
        for each in holders
    }
