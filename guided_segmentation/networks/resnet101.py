"""ResNet101: the trunk of the paper's saliency net.

Layers have the names and parameters of Keras's ResNet101, so that its ImageNet
weights fit. As in DeepLabv2, the last two strides are replaced by dilations, so
that cells are 8 pixels apart, and batch normalisation is frozen: statistics,
scale and shift.

Source: He et al., "Deep residual learning for image recognition", CVPR 2016;
Chen et al., "DeepLab: semantic image segmentation with deep convolutional
nets, atrous convolution, and fully connected CRFs", PAMI 2018, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from guided_segmentation.networks.vgg16 import scaled_channels

EPSILON = 1.001e-5  # Keras's, added to the variance in normalisations.
STACKS = ("conv2", "conv3", "conv4", "conv5")
BLOCKS = (3, 4, 23, 3)  # Of each stack.
CHANNELS = (64, 128, 256, 512)  # Inside a block; its output has four times.
STRIDES = (1, 2, 1, 1)  # DeepLabv2; He et al. have 1, 2, 2, 2.
DILATIONS = (1, 1, 2, 4)


def _convolutions():
    """Names of the 104 convolutions, without "_conv"."""
    yield "conv1"
    for stack, count in zip(STACKS, BLOCKS, strict=True):
        for number in range(1, count + 1):
            first = 0 if number == 1 else 1  # The projection, then three.
            for index in range(first, 4):
                yield f"{stack}_block{number}_{index}"


LAYERS = tuple(
    f"{name}_{kind}" for name in _convolutions() for kind in ("conv", "bn")
)


def trunk(
    image, *, width_multiplier: float = 1.0, blocks: Sequence[int] = BLOCKS
):
    """Applies the layers of ResNet101 below its classifier.

    As in Caffe's model the first 1x1 convolution of a stack has its stride.
    Every other or every fourth cell of the dilated network therefore equals a
    cell of the strided network (the hole algorithm).

    Args:
      image: [batch, rows, columns, 3] Keras tensor, float32 BGR minus mean.
      width_multiplier: Factor on the number of channels; 1 is ResNet101.
      blocks: Number of blocks of each stack.

    Returns:
      The Keras tensor after conv5, [batch, cell rows, cell columns, 2048 *
      width_multiplier]. 321 pixels give 41 cells; cell i is centred on pixel
      8 i.
    """
    x = keras.layers.ZeroPadding2D(3, name="conv1_pad")(image)
    x = _convolution(
        x, "conv1", scaled_channels(64, width_multiplier), 7, strides=2
    )
    x = keras.layers.ReLU(name="conv1_relu")(x)
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = keras.layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    for stack, count, channels, stride, dilation in zip(
        STACKS, blocks, CHANNELS, STRIDES, DILATIONS, strict=True
    ):
        for number in range(1, count + 1):
            x = _block(
                x,
                f"{stack}_block{number}",
                scaled_channels(channels, width_multiplier),
                stride=stride if number == 1 else 1,
                dilation=dilation,
                projects=number == 1,
            )
    return x


def is_normalized(network: keras.Model) -> bool:
    """Returns whether a network has batch normalisations."""
    return any(_normalizations(network))


def set_statistics(
    network: keras.Model, fresh: list[str], inputs: tf.Tensor
) -> None:
    """Sets the statistics of fresh normalisations to those of a batch.

    Frozen at mean 0 and variance 1 they would do nothing, and the activations
    of a deep network without pretrained weights would grow without limit. One
    forward pass sets all of them.

    Args:
      network: Changed in place.
      fresh: Names of the layers without pretrained weights.
      inputs: [batch, rows, columns, channels] float, as the network takes it.
    """
    unfrozen = [x for x in _normalizations(network) if x.name in fresh]
    for layer in unfrozen:
        layer.trainable, layer.momentum = True, 0.0
    network(inputs, training=True)
    for layer in unfrozen:
        layer.trainable = False


def _block(x, name, channels, *, stride, dilation, projects):
    """A residual block: adds the output of three convolutions to `x`."""
    shortcut = x
    if projects:
        shortcut = _convolution(x, f"{name}_0", 4 * channels, 1, strides=stride)
    x = _convolution(x, f"{name}_1", channels, 1, strides=stride)
    x = keras.layers.ReLU(name=f"{name}_1_relu")(x)
    x = _convolution(
        x,
        f"{name}_2",
        channels,
        3,
        padding="same",
        dilation_rate=dilation,
    )
    x = keras.layers.ReLU(name=f"{name}_2_relu")(x)
    x = _convolution(x, f"{name}_3", 4 * channels, 1)
    x = keras.layers.Add(name=f"{name}_add")([shortcut, x])
    return keras.layers.ReLU(name=f"{name}_out")(x)


def _convolution(x, name, channels, size, **arguments):
    """A convolution and its frozen normalisation."""
    x = keras.layers.Conv2D(
        channels,
        size,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
        **arguments,
    )(x)
    return keras.layers.BatchNormalization(
        epsilon=EPSILON, trainable=False, name=f"{name}_bn"
    )(x)


def _normalizations(network):
    kind = keras.layers.BatchNormalization
    return [layer for layer in network.layers if isinstance(layer, kind)]
