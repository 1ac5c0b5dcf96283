"""The networks by name: builders, and the cut below the layers that learn."""

import functools
from collections.abc import Callable

import keras

from guided_segmentation.networks import (
    deeplab_v1,
    deeplab_v2,
    gap,
    vgg16,
)

BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "vgg16": vgg16.classifier,
    **{name: functools.partial(gap.build, name) for name in gap.VARIANTS},
    "deeplab_v1": deeplab_v1.large_fov,
    "deeplab_v2": deeplab_v2.resnet,
}
DENSE = (*gap.VARIANTS, "deeplab_v1")  # Predict denser than they train.


def build(spec: dict) -> keras.Model:
    """Builds a network from its description.

    Args:
      spec: "name", a key of BUILDERS, and the arguments of that builder.

    Returns:
      A new network with fresh weights.
    """
    arguments = {k: v for k, v in spec.items() if k != "name"}
    return BUILDERS[spec["name"]](**arguments)


def split(network: keras.Model, last_frozen: str) -> tuple:
    """Cuts a network before the first layer that is to be trained.

    Args:
      network: A chain of layers or of residual blocks.
      last_frozen: Name of the last layer whose weights stay as they are; of a
        residual block its output, such as conv4_block23_out.

    Returns:
      The lower and the upper network; they share the layers of `network`.

    Raises:
      ValueError: If there is no such layer, none with weights above it, or
        what is above needs more than its output.
    """
    names = [layer.name for layer in network.layers]
    if last_frozen not in names:
        raise ValueError(
            f"no layer {last_frozen!r} to freeze through in {network.name}; "
            f"it has {_ends(names)}"
        )
    learning = [i for i, layer in enumerate(network.layers) if layer.weights]
    above = [i for i in learning if i > names.index(last_frozen)]
    if not above:
        raise ValueError(
            f"freezing {network.name} through {last_frozen!r} leaves no layer "
            f"to train; freeze less"
        )
    features = network.layers[above[0] - 1].output
    lower = keras.Model(network.input, features)
    try:
        upper = keras.Model(features, network.output, name=network.name)
    except ValueError as error:  # Another path leads around the features.
        raise ValueError(
            f"{last_frozen!r} lies inside a block of {network.name}; freeze "
            f"through one of {_ends(names)}"
        ) from error
    return lower, upper


def _ends(names):
    """Layers to freeze through: outputs of blocks, or convolutions."""
    blocks = [name for name in names if name.endswith("_out")]
    return blocks or [name for name in names if "conv" in name]
