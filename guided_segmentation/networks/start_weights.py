"""Start weights of networks: pretrained trunks and fresh layers."""

import functools
import sys

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.networks import (
    builders,
    deeplab_v2,
    gap,
    imagenet,
    resnet101,
    vgg16,
    weights,
)

_VOTES = (gap.SCORE, "fc8")  # Last layer of GAP networks and classifier.


def initialized(
    network: dict, trunk_weights: str
) -> tuple[keras.Model, list[str]]:
    """Builds a network and gives it the pretrained weights it has room for.

    Args:
      network: Name and arguments of a builder, as builders.build takes them.
      trunk_weights: "none", "imagenet" or a path, as `pretrained` takes it.

    Returns:
      The network, and the names of the layers below the last one that got no
      pretrained weights.

    Raises:
      ValueError: If the weights do not fit the network.
    """
    built = builders.build(network)
    loaded = pretrained(trunk_weights, network["name"])
    taken = trunk_of(loaded) | _pretrained_head(network, loaded)
    received = weights.assign(built, taken, trunk_weights)
    if not loaded:
        _scale_to_pixels(built)
    below_last = [x.name for x in built.layers if x.weights][:-1]
    return built, [name for name in below_last if name not in received]


def pretrained(name: str, network: str = "vgg16") -> weights.Weights:
    """Returns the weights that a --trunk_weights flag names.

    One line on stderr warns of a file that may have learned from masks.

    Args:
      name: "none", "imagenet" (downloads what Keras has for the trunk) or a
        path as weights.load takes it.
      network: Key of builders.BUILDERS, the network that the trunk is for.

    Returns:
      Arrays by name; empty for "none".

    Raises:
      OSError: If the download fails.
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
    """Keeps the layers of VGG16 or ResNet101 below any head."""
    trunk = {*vgg16.CONVOLUTIONS, *resnet101.LAYERS}
    return {
        name: array
        for name, array in arrays.items()
        if name.partition("/")[0] in trunk
    }


def subsample_fc6_fc7(
    arrays: weights.Weights, head_channels: int = 1024, tap_step: int = 3
) -> weights.Weights:
    """Reduces fc6 and fc7 of VGG16 to fewer channels and taps.

    The defaults are those of DeepLabv1-LargeFOV: every fourth channel, and
    every third tap of the 7x7 window.

    Source: Chen et al., ICLR 2015, section 3.1, as in DeepLab's vgg16_20M.

    Args:
      arrays: With fc6 [7, 7, 512, 4096] and fc7 [1, 1, 4096, 4096].
      head_channels: Wanted channels; 4096 must be a multiple.
      tap_step: From one tap that is kept to the next; 1 keeps all.

    Returns:
      fc6 [taps, taps, 512, head_channels] and fc7 [1, 1, head_channels,
      head_channels] with their biases; empty where `arrays` has no fc6 of
      7x7 taps.

    Raises:
      ValueError: If 4096 is not a multiple of `head_channels`.
    """
    kernel = arrays.get("fc6/kernel", np.empty(0))
    if kernel.shape[:2] != (7, 7):
        return {}
    step, rest = divmod(kernel.shape[-1], head_channels)
    if rest:
        raise ValueError(
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
    centred: bool = False,
) -> None:
    """Scales fresh layers to the data, so that a deep plain network starts.

    Before its ReLU every channel of a fresh layer gets mean 0 and deviation 1
    over a batch. Deep ReLU networks of He's initialisation say nearly the same
    of every image, and learn slowly until they do not.

    Source: Kraehenbuehl et al., "Data-dependent initializations of
    convolutional neural networks", ICLR 2016, section 3.1.

    A residual network has normalisations instead, whose frozen statistics
    become those of the batch.

    Args:
      network: A chain of layers, or a residual network; changed in place.
      fresh: Names of its fresh layers.
      inputs: A batch as the network takes it.
      centred: For classifiers: whether fresh kernels are weighed towards
        their centre first, and votes balanced. A global average does not care
        where evidence lies, so nothing else keeps the features of a class
        above its parts. Large random votes would say the same of every image
        at first, and undoing that costs the features below.
    """
    if resnet101.is_normalized(network):
        resnet101.set_statistics(network, fresh, inputs)
        return
    x = inputs
    for layer in network.layers[1:]:
        if layer.name in fresh:
            if centred:
                _centre(layer)
            _whiten(layer, x)
        if centred and layer.name in _VOTES:
            _balance(layer, x)
        x = layer(x)


@functools.cache  # Once a file.
def _warn_of_masks(path):
    doubt = imagenet.doubts(path)
    if doubt:
        print(
            f"warning: {path} may have learned from masks of Pascal's classes "
            f"({doubt}), which the method must not see; take weights of "
            f"ImageNet alone",
            file=sys.stderr,
        )


def _centre(layer):
    """Weighs the taps of a 3x3 kernel by 1/4, 1/2 and 1, centre heaviest."""
    kernel, bias = layer.get_weights()
    if kernel.shape[:2] == (3, 3):
        taps = np.array([0.5, 1.0, 0.5])
        kernel = kernel * np.outer(taps, taps)[..., None, None]
    layer.set_weights([kernel, bias])


def _whiten(layer, x):
    """Gives each channel before the activation mean 0 and deviation 1."""
    activation, layer.activation = layer.activation, keras.activations.linear
    before = tf.cast(layer(x), tf.float32)
    layer.activation = activation
    axes = list(range(len(before.shape) - 1))
    mean, variance = tf.nn.moments(before, axes)
    scale = 1 / (tf.sqrt(variance).numpy() + 1e-6)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale, (bias - mean.numpy()) * scale])


def _balance(layer, features):
    """Turns votes so that the average features of the batch give logits of 0.

    Takes from the votes of each class what lies along the average.
    """
    cells = tf.reshape(features, [-1, features.shape[-1]])
    average = tf.reduce_mean(tf.cast(cells, tf.float32), 0).numpy()
    votes, *bias = layer.get_weights()
    along = average @ votes / (average @ average)
    along = average[:, None] * along[..., None, :]
    layer.set_weights([votes - along, *bias])


def _pretrained_head(network, loaded):
    """fc6 and fc7 of VGG16, as far as the network has room for them."""
    tap_step = {"deeplab_v1": 3, "gap_deeplab": 3, "vgg16": 1}.get(
        network["name"]
    )
    if tap_step is None or network.get("width_multiplier", 1.0) != 1.0:
        return {}
    channels = network.get("head_channels", 1024)
    return subsample_fc6_fc7(loaded, channels, tap_step)


def _scale_to_pixels(network):
    """Divides the fresh first kernels by 64, the deviation of pixel values.

    He's initialisation expects inputs of deviation 1.
    """
    first = next(layer for layer in network.layers if layer.weights)
    kernel, bias = first.get_weights()
    first.set_weights([kernel / 64, bias])
