"""The networks by name: how to build one, and how to split it for training."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable

import keras
import tensorflow as tf

from guided_segmentation.errors import InputError
from guided_segmentation.networks import deeplab_v1, deeplab_v2, gap, vgg16

BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "vgg16": vgg16.classifier,
    **{name: functools.partial(gap.build, name) for name in gap.VARIANTS},
    "deeplab_v1": deeplab_v1.large_fov,
    "deeplab_v2": deeplab_v2.resnet,
}

# Networks with the argument `dense`: at stride 16 they predict at stride 8.
PREDICT_DENSER = (*gap.VARIANTS, "deeplab_v1")


def build(spec: dict) -> keras.Model:
    """Builds a network from its description.

    Args:
      spec: "name", a key of BUILDERS, and the arguments of that builder.

    Returns:
      A new network with random weights.
    """
    arguments = {key: value for key, value in spec.items() if key != "name"}
    builder = BUILDERS[spec["name"]]
    return tf.autograph.experimental.do_not_convert(builder)(**arguments)


def build_for_prediction(spec: dict, *, dense: bool = True) -> keras.Model:
    """Builds a network that may predict on a finer grid than it is trained on.

    Args:
      spec: As `build` takes it.
      dense: Whether a network that is trained at stride 16 predicts at
        stride 8.

    Returns:
      A new network with random weights, of the same layers as that of `build`.
    """
    if spec["name"] in PREDICT_DENSER:
        spec = {**spec, "dense": dense}
    return build(spec)


def split(
    network: keras.Model, last_frozen: str
) -> tuple[keras.Model, keras.Model]:
    """Splits a network into a frozen lower and a trainable upper part.

    Args:
      network: A chain of layers or of residual blocks.
      last_frozen: Name of the last frozen layer; for a residual block its
        output, such as conv4_block23_out.

    Returns:
      The lower and the upper network; they share the layers of `network`. The
      upper one begins with the first layer above `last_frozen` that has
      weights.

    Raises:
      ValueError: If there is no such layer, no layer with weights above it, or
        it lies inside a residual block.
    """
    names = [layer.name for layer in network.layers]
    if last_frozen not in names:
        raise InputError(
            f"no layer {last_frozen!r} to freeze through in {network.name}; "
            f"it has {_freezable(names)}"
        )
    above = [
        index
        for index, layer in enumerate(network.layers)
        if layer.weights and index > names.index(last_frozen)
    ]
    if not above:
        raise InputError(
            f"freezing {network.name} through {last_frozen!r} leaves no layer "
            f"to train; freeze less"
        )
    features = network.layers[above[0] - 1].output
    lower = keras.Model(network.input, features)
    try:
        upper = keras.Model(features, network.output, name=network.name)
    except ValueError as error:  # A shortcut bypasses `features`.
        raise InputError(
            f"{last_frozen!r} lies inside a block of {network.name}; freeze "
            f"through one of {_freezable(names)}"
        ) from error
    return lower, upper


def chain(network: keras.Model) -> list[keras.Model]:
    """Cuts a network after its pools, or after its residual blocks.

    Args:
      network: What `build` returns.

    Returns:
      Networks that compute the same one after the other; they share the
      layers of `network`.
    """
    ends = [layer.output for layer in network.layers if _ends_part(layer)]
    tensors = [network.input, *ends, network.output]
    return [keras.Model(*pair) for pair in itertools.pairwise(tensors)]


def _ends_part(layer):
    return re.fullmatch(r"pool\d|conv\d_block\d+_out", layer.name) is not None


def _freezable(names):
    """Outputs of the residual blocks, or the convolutions of a chain."""
    blocks = [name for name in names if name.endswith("_out")]
    return blocks or [name for name in names if "conv" in name]
