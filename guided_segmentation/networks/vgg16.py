"""VGG16: the trunk of every network here, and the multi-label classifier.

Layers have Caffe's names and sizes: pooling rounds up, so an input of 321
pixels gives 161, 81 and 41 cells.

Source: Simonyan and Zisserman, ICLR 2015; Oh et al., CVPR 2017, Table 6.
"""

from __future__ import annotations

from collections.abc import Callable

import keras

from guided_segmentation.networks import layers

HEAD_CHANNELS = 4096  # Of the classifier's fc6 and fc7.
MIN_INPUT_SIZE = 193  # Pixels that give the 7 cells of fc6's window.
# Number of convolutions, and their channels, of each block.
BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
CONVOLUTIONS = tuple(
    f"conv{block}_{index}"
    for block, (count, _) in enumerate(BLOCKS, start=1)
    for index in range(1, count + 1)
)


def trunk(
    image,
    *,
    width_multiplier: float = 1.0,
    pools: tuple[Callable | None, ...],
    conv5_dilation: int = 1,
    relu: str | Callable = "relu",
    convolution: Callable[..., Callable] | None = None,
    upper: Callable[..., Callable] | None = None,
    last: str = CONVOLUTIONS[-1],
):
    """Applies the thirteen convolutions of VGG16.

    Args:
      image: [batch, rows, columns, 3] Keras tensor, float32 BGR minus mean.
      width_multiplier: Factor on the number of channels; 1 is VGG16.
      pools: The pool after each of the five blocks: a function from Keras
        tensor and layer name to Keras tensor, or None for no pool.
      conv5_dilation: Dilation of the last three convolutions.
      relu: Activation after every convolution. Seeders pass a ReLU with
        another gradient; the forward pass is the same.
      convolution: Class of the layers; None is keras.layers.Conv2D. Seeders
        pass one with another gradient.
      upper: What builds the convolutions of conv4 and conv5 instead, with the
        same arguments.
      last: Name of the last convolution; later ones are left out, pools are
        not.

    Returns:
      The Keras tensor after the fifth block, [batch, cell rows, cell columns,
      512 * width_multiplier].
    """
    x, convolution = image, convolution or keras.layers.Conv2D
    for block, (count, channels) in enumerate(BLOCKS, start=1):
        build = upper if upper is not None and block > 3 else convolution
        for index in range(1, count + 1):
            if f"conv{block}_{index}" > last:
                break
            x = build(
                scaled_channels(channels, width_multiplier),
                3,
                padding="same",
                dilation_rate=conv5_dilation if block == 5 else 1,
                activation=relu,
                kernel_initializer="he_normal",
                name=f"conv{block}_{index}",
            )(x)
        if pools[block - 1] is not None:
            x = pools[block - 1](x, f"pool{block}")
    return x


def scaled_channels(channels: int, width_multiplier: float) -> int:
    """Returns `channels` times `width_multiplier`, rounded, at least 1."""
    return max(1, round(channels * width_multiplier))


def pool_2x2(x, name: str, stride: int = 2):
    """Applies Caffe's 2x2 max pooling without padding, rounding up.

    Args:
      x: [batch, rows, columns, channels] Keras tensor.
      name: Name of the layer.
      stride: Cell i is the maximum of places `stride` * i and the next one.

    Returns:
      [batch, ceil(rows / stride), ceil(columns / stride), channels].
    """
    return keras.layers.MaxPooling2D(2, stride, padding="same", name=name)(x)


def pool_3x3(x, name: str, stride: int = 2, dilation: int = 1):
    """Applies Caffe's 3x3 max pooling with a padding of one, rounding up.

    Padding with zeros does not change maxima after a ReLU.

    Args:
      x: [batch, rows, columns, channels] Keras tensor, not negative.
      name: Name of the layer.
      stride: Cell i is centred on place `stride` * i; 1 or 2.
      dilation: Step between the places of the window; above 1 the stride is 1.

    Returns:
      [batch, cell rows, cell columns, channels].
    """
    after = 2 if stride == 2 else dilation  # A second zero to round up.
    padding = ((dilation, after), (dilation, after))
    x = keras.layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
    if dilation > 1:
        return layers.DilatedPool(dilation, name=name)(x)
    return keras.layers.MaxPooling2D(3, stride, name=name)(x)


def classifier(
    num_objects: int = 20,
    width_multiplier: float = 1.0,
    head_channels: int = HEAD_CHANNELS,
    dropout: float = 0.5,
    score_init_stddev: float = 0.005,
    relu: str | Callable = "relu",
    convolution: Callable[..., Callable] | None = None,
) -> keras.Model:
    """Builds the fully convolutional multi-label classifier.

    Args:
      num_objects: Number of objects.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7.
      dropout: Fraction of activations dropped after fc6 and fc7 in training.
      score_init_stddev: Standard deviation of the initial weights of fc8.
      relu: As `trunk` takes it, for fc6 and fc7 too.
      convolution: As `trunk` takes it, for fc6 and fc7 too.

    Returns:
      [batch, rows, columns, 3] float32 BGR minus mean -> [batch, num_objects]
      float32 logits, before the sigmoid, averaged over the places where the
      7x7 window fits. Rows and columns are at least MIN_INPUT_SIZE.
    """
    image = keras.Input([None, None, 3], name="image")
    convolution = convolution or keras.layers.Conv2D
    rules = {"relu": relu, "convolution": convolution}
    x = trunk(
        image, width_multiplier=width_multiplier, pools=(pool_2x2,) * 5, **rules
    )
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        x = convolution(
            head_channels,
            kernel,
            activation=relu,
            kernel_initializer="he_normal",
            name=name,
        )(x)
        x = layers.ExampleDropout(dropout, name=f"drop_{name}")(x)
    scores = keras.layers.Conv2D(
        num_objects,
        1,
        kernel_initializer=gaussian(score_init_stddev),
        dtype="float32",
        name="fc8",
    )(x)
    logits = keras.layers.GlobalAveragePooling2D(dtype="float32", name="gap")(
        scores
    )
    return keras.Model(image, logits, name="vgg16")


def gaussian(stddev: float) -> keras.initializers.Initializer:
    """Returns Caffe's Gaussian filler: mean 0, standard deviation `stddev`."""
    return keras.initializers.RandomNormal(stddev=stddev)
