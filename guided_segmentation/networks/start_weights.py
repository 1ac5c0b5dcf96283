"""Weights at the start of training: pretrained or data-dependent.

A *fresh* layer is one without pretrained weights.
"""

from __future__ import annotations

import functools
import sys

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.errors import InputError
from guided_segmentation.networks import (
    builders,
    deeplab_v2,
    gap,
    imagenet,
    low_rank,
    resnet101,
    vgg16,
    weights,
)

_OUTPUT_LAYERS = (gap.SCORE, "fc8")  # Of GAP networks and of the classifier.

# Step between the taps of VGG16's 7x7 fc6 that each network keeps.
_FC6_TAP_STEPS = {"deeplab_v1": 3, "gap_deeplab": 3, "vgg16": 1}

_PIXEL_STDDEV = 64  # Standard deviation of pixel values, about.


def initialized(
    network: dict, trunk_weights: str
) -> tuple[keras.Model, list[str]]:
    """Builds a network and assigns the pretrained weights that fit it.

    Args:
      network: Name and arguments of a builder, as builders.build takes them.
      trunk_weights: "none", "imagenet" or a path, as `pretrained` takes it.

    Returns:
      The network, and the names of its fresh layers except the last one.

    Raises:
      OSError: If a download fails.
      ValueError: If the weights do not fit the network.
    """
    built = builders.build(network)
    loaded = pretrained(trunk_weights, network["name"])
    fitting = trunk_of(loaded) | _pretrained_head(network, loaded)
    if network.get("rank") and _are_of(loaded, built):
        fitting = loaded  # A small net learns on from where it stopped.
    received = weights.assign(built, fitting, trunk_weights)
    if not loaded:
        _scale_to_pixels(built)
    below_last = [x.name for x in built.layers if x.weights][:-1]
    return built, [name for name in below_last if name not in received]


def pretrained(name: str, network: str = "vgg16") -> weights.Weights:
    """Returns the weights that a --trunk_weights flag names.

    Prints a warning if they may have been trained with segmentation masks.

    Args:
      name: "none", "imagenet" (downloads Keras's weights for the trunk) or a
        path as weights.load takes it.
      network: Key of builders.BUILDERS, the network that the trunk is for.

    Returns:
      float32 arrays by name; empty for "none".

    Raises:
      OSError: If the download fails.
      ValueError: If the file holds no weights.
    """
    if name == "none":
        return {}
    if name == "imagenet":
        is_residual = network == deeplab_v2.NAME
        return weights.load(
            imagenet.download("ResNet101" if is_residual else "VGG16")
        )
    loaded = weights.load(name)
    _warn_of_masks(name)
    return loaded


def trunk_of(arrays: weights.Weights) -> weights.Weights:
    """Returns the weights of the convolutions of VGG16 or ResNet101 alone.

    Those of low-rank layers are among them.

    Args:
      arrays: Weights by name, with or without those of a head.
    """
    trunk = {*vgg16.CONVOLUTIONS, *resnet101.LAYERS}
    return {
        name: array
        for name, array in arrays.items()
        if low_rank.original_name(name.partition("/")[0]) in trunk
    }


def subsample_fc6_fc7(
    arrays: weights.Weights, head_channels: int = 1024, tap_step: int = 3
) -> weights.Weights:
    """Subsamples the channels and taps of VGG16's fc6 and fc7.

    The defaults are those of DeepLabv1-LargeFOV: every fourth channel, and
    every third tap of the 7x7 window.

    Source: Chen et al., ICLR 2015, section 3.1, as in DeepLab's vgg16_20M.

    Args:
      arrays: float32, with fc6 [7, 7, 512, 4096] and fc7 [1, 1, 4096, 4096].
      head_channels: Channels to keep, a divisor of 4096.
      tap_step: Step between the taps to keep; 1 keeps all.

    Returns:
      fc6 [taps, taps, 512, head_channels] and fc7 [1, 1, head_channels,
      head_channels] with their biases, float32; empty if `arrays` has no fc6
      of 7x7 taps.

    Raises:
      ValueError: If 4096 is not a multiple of `head_channels`.
    """
    kernel = arrays.get("fc6/kernel", np.empty(0))
    if kernel.shape[:2] != (7, 7):
        return {}
    step, rest = divmod(kernel.shape[-1], head_channels)
    if rest:
        raise InputError(
            f"{head_channels} head channels cannot be taken evenly from the "
            f"{kernel.shape[-1]} of fc6; choose a divisor"
        )
    every = slice(None, None, step)
    return {
        "fc6/kernel": kernel[::tap_step, ::tap_step, :, every],
        "fc6/bias": arrays["fc6/bias"][every],
        "fc7/kernel": arrays["fc7/kernel"][:, :, every, every],
        "fc7/bias": arrays["fc7/bias"][every],
    }


def data_dependent_init(
    network: keras.Model,
    fresh: list[str],
    inputs: tf.Tensor,
    *,
    is_classifier: bool = False,
) -> None:
    """Initialises fresh layers from a batch, so that a deep network trains.

    Before its ReLU every channel of a fresh layer gets mean 0 and standard
    deviation 1 over the batch. With He's initialisation alone the outputs of a
    deep ReLU network are almost equal for all images, and training is slow
    until they differ.

    A residual network has batch normalisation instead; its frozen statistics
    are set to those of the batch.

    Source: Kraehenbuehl et al., "Data-dependent initializations of
    convolutional neural networks", ICLR 2016, section 3.1.

    Args:
      network: A chain of layers, or a residual network; changed in place.
      fresh: Names of its fresh layers.
      inputs: [batch, rows, columns, channels] float, as the network takes it.
      is_classifier: Whether the network ends in a global average. If so, two
        things are done in addition. Fresh 3x3 kernels are weighted towards
        their centre, since a global average ignores positions and nothing else
        keeps the features of an object in place. The weights of the output
        layer are made orthogonal to the mean feature, since otherwise all
        images get nearly the same large logits at first, and unlearning these
        harms the layers below.
    """
    if resnet101.is_normalized(network):
        resnet101.set_statistics(network, fresh, inputs)
        return
    x = inputs
    for layer in network.layers[1:]:
        if layer.name in fresh:
            if is_classifier:
                _weight_towards_center(layer)
            _standardize_outputs(layer, x)
        if is_classifier and layer.name in _OUTPUT_LAYERS:
            _remove_mean_logits(layer, x)
        x = layer(x)


@functools.cache  # One warning per file.
def _warn_of_masks(path):
    sign = imagenet.signs_of_masks(path)
    if sign:
        print(
            f"warning: {path} may have been trained with segmentation masks "
            f"({sign}), which the method must not use; pass weights trained "
            f"on ImageNet alone",
            file=sys.stderr,
        )


def _weight_towards_center(layer):
    """Multiplies the taps of a 3x3 kernel by 1 (centre), 1/2 and 1/4."""
    kernel, bias = layer.get_weights()
    if kernel.shape[:2] == (3, 3):
        taps = np.array([0.5, 1.0, 0.5])
        kernel = kernel * np.outer(taps, taps)[..., None, None]
    layer.set_weights([kernel, bias])


def _standardize_outputs(layer, x):
    """Gives channels mean 0 and standard deviation 1 before the activation."""
    activation, layer.activation = layer.activation, keras.activations.linear
    before = tf.cast(layer(x), tf.float32)
    layer.activation = activation
    axes = list(range(len(before.shape) - 1))
    mean, variance = tf.nn.moments(before, axes)
    scale = 1 / (tf.sqrt(variance).numpy() + 1e-6)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale, (bias - mean.numpy()) * scale])


def _remove_mean_logits(layer, features):
    """Makes the weights orthogonal to the mean feature: its logits are 0."""
    cells = tf.reshape(features, [-1, features.shape[-1]])
    mean = tf.reduce_mean(tf.cast(cells, tf.float32), 0).numpy()
    kernel, *bias = layer.get_weights()
    along = mean @ kernel / (mean @ mean)
    along = mean[:, None] * along[..., None, :]
    layer.set_weights([kernel - along, *bias])


def _pretrained_head(network, loaded):
    """fc6 and fc7 of VGG16, subsampled to those of the network."""
    tap_step = _FC6_TAP_STEPS.get(network["name"])
    if tap_step is None or network.get("width_multiplier", 1.0) != 1.0:
        return {}
    channels = network.get("head_channels", 1024)
    return subsample_fc6_fc7(loaded, channels, tap_step)


def _are_of(loaded, network):
    """Whether weights are those of a network of the same layers."""
    wanted = {
        name: array.shape for name, array in weights.to_dict(network).items()
    }
    return wanted == {name: array.shape for name, array in loaded.items()}


def _scale_to_pixels(network):
    """Divides the first kernels by the standard deviation of pixel values.

    He's initialisation expects inputs of standard deviation 1.
    """
    first = next(layer for layer in network.layers if layer.weights)
    kernel, bias = first.get_weights()
    first.set_weights([kernel / _PIXEL_STDDEV, bias])
