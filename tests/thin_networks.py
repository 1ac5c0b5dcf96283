"""Thin networks of every builder, and images for them."""

import keras
import tensorflow as tf

from guided_segmentation.networks import builders

ARGUMENTS = {  # Of each thin network.
    "vgg16": {
        "num_objects": 3,
        "width_multiplier": 1 / 64,
        "head_channels": 64,
    },
    **{
        name: {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 8}
        for name in ("gap_lowres", "gap_highres", "gap_roi", "gap_deeplab")
    },
    "deeplab_v1": {
        "num_classes": 4,
        "width_multiplier": 1 / 64,
        "head_channels": 8,
    },
    "deeplab_v2": {
        "num_classes": 4,
        "width_multiplier": 1 / 64,
        "blocks": [1, 2, 3, 1],
    },
}


def spec(name: str) -> dict:
    """The description of a thin network, as builders.build takes it."""
    return {"name": name, **ARGUMENTS[name]}


def build(name: str) -> keras.Model:
    """Builds a thin network with random weights."""
    return builders.build(spec(name))


def photograph(name: str) -> tf.Tensor:
    """[2, rows, columns, 3] float32, large enough for the network."""
    size = 224 if name == "vgg16" else 33
    return 50 * tf.random.stateless_normal([2, size, size, 3], [0, 0])
