"""The segmenter that is measured: a trained or an untrained one."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.benchmarks.settings import BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import builders, weights
from guided_segmentation.serving import converters, saved_model


def load(
    source: schema.Source, settings: BenchmarkSettings, precision: str
) -> tuple[keras.Model, dict]:
    """Loads a trained segmenter or builds an untrained one.

    Args:
      source: Data set whose objects the segmenter must have.
      settings: `segmenter_dir` is the run of a trained segmenter; if it is
        None, the sizes are those of an untrained one.
      precision: Global policy of Keras, such as "float32".

    Returns:
      The network and its settings, like networks.weights.load_trained.

    Raises:
      ValueError: If a trained segmenter has other objects than `source`.
    """
    keras.mixed_precision.set_global_policy(precision)
    objects = list(source.label_set.objects)
    if settings.segmenter_dir is None:
        return _untrained(spec(source, settings), objects, settings)
    network, found = weights.load_trained(settings.segmenter_dir)
    if found["objects"] != objects:
        raise InputError(
            f"{settings.segmenter_dir}: wanted a segmenter of the objects of "
            f"{source.name}, {objects}, found {found['objects']}; give the "
            f"--dataset it was trained on"
        )
    return network, found


def spec(source: schema.Source, settings: BenchmarkSettings) -> dict:
    """Returns the specification of an untrained segmenter for builders.build.

    Args:
      source: Data set whose objects the segmenter has.
      settings: Width multiplier and head channels.
    """
    return {
        "name": "deeplab_v1",
        "num_classes": source.label_set.num_classes,
        "width_multiplier": settings.width_multiplier,
        "head_channels": settings.head_channels,
    }


def saved(module: tf.Module, folder: artifacts.Path) -> converters.Predict:
    """Saves a servable, and loads it again.

    Args:
      module: A servable of a segmenter.
      folder: Where to save it.

    Returns:
      A function that calls the signature serving_default, from [batch, height,
      width, 3] uint8 images to outputs by name.
    """
    model = tf.saved_model.load(str(saved_model.save(module, folder)))
    signature = model.signatures["serving_default"]

    def predict(image, _model=model):  # Keeps the model's variables alive.
        outputs = signature(image=tf.constant(image))
        return {name: np.asarray(each) for name, each in outputs.items()}

    return predict


def _untrained(network, objects, settings):
    return builders.build(network), {
        "network": network,
        "objects": objects,
        "input_size": settings.input_size,
        "framing": settings.framing,
        "training": {},
    }
