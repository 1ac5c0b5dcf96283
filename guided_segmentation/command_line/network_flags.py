"""Flags of binaries that load networks. Only binaries import this module."""

import keras
from absl import flags

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.networks import weights
from guided_segmentation.training import trainer

PRECISION = flags.DEFINE_enum(
    "precision",
    trainer.TrainSettings.precision,
    sorted(trainer.LOSS_SCALE),
    "Precision of the arithmetic; weights stay float32. mixed_bfloat16 is up "
    "to twice as fast on CPUs with AVX512-BF16.",
)


def trained(network_dir: str, **rules) -> tuple[keras.Model, dict]:
    """Loads a trained network in the precision that the flags give."""
    keras.mixed_precision.set_global_policy(PRECISION.value)
    return weights.load_trained(network_dir, **rules)


def made_by(network_dir: str) -> dict:
    """Returns what tells the maps that a network makes, wherever it lies."""
    return {
        "weights_sha256": weights.sha256(network_dir),
        "precision": PRECISION.value,
    }


def require_objects(settings: dict, source: schema.Source) -> None:
    """Checks that a network was trained for the objects of a data set.

    Raises:
      ValueError: If not.
    """
    wanted, found = settings["objects"], list(source.label_set.objects)
    if wanted != found:
        raise ValueError(
            f"the network knows the objects {wanted}, but {source.name} has "
            f"{found}; give the --dataset it was trained on"
        )


def label_set(settings: dict) -> labels.LabelSet:
    """Returns the classes of a trained network."""
    return labels.LabelSet(tuple(settings["objects"]))
