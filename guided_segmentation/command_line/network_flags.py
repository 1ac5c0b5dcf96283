"""Flags of binaries that run networks. Only binaries import this module."""

from __future__ import annotations

from typing import Any

import keras
from absl import flags

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import weights
from guided_segmentation.training import precision, trainer

PRECISION = flags.DEFINE_enum(
    "precision",
    trainer.TrainSettings.precision,
    (precision.AUTO, *precision.PRECISIONS),
    "Floating-point precision; weights stay float32. auto: the one in which "
    "this machine trains fastest, timed once and kept in ~/.cache; a folder "
    "that was begun keeps its precision.",
)


def resolve_precision(folder: str | None = None) -> str:
    """Replaces --precision=auto by a precision, and returns that.

    Args:
      folder: Folder of the results. If it was begun, with whatever precision,
        it keeps that one.
    """
    found = precision.resolved(PRECISION.value, folder)
    flags.FLAGS[PRECISION.name].value = found
    return found


def trained(network_dir: str, **arguments: Any) -> tuple[keras.Model, dict]:
    """Loads a trained network, in the precision that the flags give.

    Args:
      network_dir: Folder of a finished training run.
      **arguments: Further arguments of `weights.load_trained`.

    Returns:
      The network, and the settings it was trained with.
    """
    keras.mixed_precision.set_global_policy(resolve_precision())
    return weights.load_trained(network_dir, **arguments)


def made_by(network_dir: str) -> dict:
    """Returns what identifies a network's output, wherever its folder is."""
    return {
        "weights_sha256": weights.sha256(network_dir),
        "precision": resolve_precision(),
    }


def require_objects(settings: dict, source: schema.Source) -> None:
    """Checks that a network was trained for the objects of a data set.

    Raises:
      ValueError: If it was trained for others.
    """
    found = list(source.label_set.objects) if source.label_set else []
    wanted = settings["objects"]
    if wanted != found:
        raise InputError(
            f"the network knows the objects {wanted}, but {source.name} has "
            f"{found}; give the --dataset it was trained on"
        )


def label_set(settings: dict) -> labels.LabelSet:
    """Returns the classes that a network was trained for."""
    return labels.LabelSet(tuple(settings["objects"]))
