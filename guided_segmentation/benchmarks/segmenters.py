"""The segmenter whose use is measured: a trained one, or a fresh one."""

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.benchmarks.settings import BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.networks import builders, weights
from guided_segmentation.serving import converters, saved_model


def load(
    source: schema.Source, settings: BenchmarkSettings, precision: str
) -> tuple[keras.Model, dict]:
    """Loads or builds it.

    Args:
      source: For the objects that a fresh segmenter tells apart.
      settings: Name the folder of a trained one, or the sizes of a fresh one.
      precision: Of its arithmetic.

    Returns:
      The network and its settings, as networks.weights.trained loads them.

    Raises:
      ValueError: If a trained one knows other objects than `source`.
    """
    keras.mixed_precision.set_global_policy(precision)
    objects = list(source.label_set.objects)
    if settings.segmenter_dir is None:
        return _fresh(spec(source, settings), objects, settings)
    network, found = weights.load_trained(settings.segmenter_dir)
    if found["objects"] != objects:
        raise ValueError(
            f"{settings.segmenter_dir}: wanted a segmenter of the objects of "
            f"{source.name}, {objects}, found {found['objects']}; give the "
            f"--dataset it was trained on"
        )
    return network, found


def spec(source: schema.Source, settings: BenchmarkSettings) -> dict:
    """Returns the network of a fresh one, for networks.weights.build."""
    return {
        "name": "deeplab_v1",
        "num_classes": source.label_set.num_classes,
        "width_multiplier": settings.width_multiplier,
        "head_channels": settings.head_channels,
    }


def served(module: tf.Module, folder: artifacts.Path) -> converters.Predict:
    """Saves a servable to a folder, and returns what asks serving_default."""
    model = tf.saved_model.load(str(saved_model.save(module, folder)))
    signature = model.signatures["serving_default"]

    def ask(image, _keep=model):
        answers = signature(image=tf.constant(image))
        return {name: np.asarray(each) for name, each in answers.items()}

    return ask


def _fresh(network, objects, settings):
    return builders.build(network), {
        "network": network,
        "objects": objects,
        "input_size": settings.input_size,
        "framing": settings.framing,
        "training": {},
    }
