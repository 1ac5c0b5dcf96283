"""VGG16: the trunk of every network here, and the multi-label classifier.

Layers keep Caffe's names and Caffe's sizes: pooling rounds up, so a 321 pixel
input gives 161, 81 and 41 cells.

Source: Simonyan and Zisserman, ICLR 2015; Oh et al., CVPR 2017, Table 6.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from guided_segmentation.networks.dropout import ExampleDropout

HEAD_CHANNELS = 4096  # Of the classifier's fc6 and fc7.
MIN_INPUT_SIZE = 193  # Side of an image whose conv5 fills the window of fc6.
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
    convolution: type[layers.Conv2D] = layers.Conv2D,
):
    """Applies the thirteen convolutions of VGG16.

    Args:
      image: [batch, rows, columns, 3] Keras tensor, BGR minus the mean.
      width_multiplier: Factor on the number of channels; 1 is VGG16.
      pools: What follows each of the five blocks: a function from Keras
        tensor and layer name to Keras tensor, or None.
      conv5_dilation: Dilation of the last three convolutions.
      relu: Activation after every convolution. Seeders pass one with another
        gradient; the forward pass never changes.
      convolution: Class of the layers, likewise.

    Returns:
      The Keras tensor after the fifth block.
    """
    x = image
    for block, (count, channels) in enumerate(BLOCKS, start=1):
        for index in range(1, count + 1):
            x = convolution(
                scaled(channels, width_multiplier),
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


def scaled(channels: int, width_multiplier: float) -> int:
    """Returns the channels of a layer in a network of this width."""
    return max(1, round(channels * width_multiplier))


def pool_2x2(x, name: str, stride: int = 2):
    """Caffe's 2x2 pooling without padding, rounding up.

    Cell i covers pixels `stride` * i and the one after.
    """
    return layers.MaxPooling2D(2, stride, padding="same", name=name)(x)


def pool_3x3(x, name: str, stride: int = 2, dilation: int = 1):
    """Caffe's 3x3 pooling with one pixel of padding, rounding up.

    Cell i is centred on pixel `stride` * i. Zeros are a neutral padding after
    a ReLU; the second one at the far side is Caffe's rounding up. With a
    dilation the window takes every `dilation`-th pixel, at stride 1.
    """
    far = 2 if stride == 2 else dilation
    around = ((dilation, far), (dilation, far))
    x = layers.ZeroPadding2D(around, name=f"{name}_pad")(x)
    if dilation > 1:
        return DilatedPool(dilation, name=name)(x)
    return layers.MaxPooling2D(3, stride, name=name)(x)


@keras.utils.register_keras_serializable("guided_segmentation")
class DilatedPool(layers.Layer):
    """Maximum over 3x3 pixels that lie `dilation` pixels apart."""

    def __init__(self, dilation: int, **kwargs):
        """Pools with a dilation of at least 1."""
        super().__init__(**kwargs)
        self.dilation = dilation

    def call(self, inputs):
        """Returns the maxima where all of the window is inside."""
        return tf.nn.pool(inputs, [3, 3], "MAX", dilations=2 * [self.dilation])

    def get_config(self) -> dict:
        """Returns what rebuilds the layer."""
        return {**super().get_config(), "dilation": self.dilation}


def classifier(
    num_objects: int = 20,
    width_multiplier: float = 1.0,
    head_channels: int = HEAD_CHANNELS,
    dropout: float = 0.5,
    score_init_stddev: float = 0.005,
    relu: str | Callable = "relu",
    convolution: type[layers.Conv2D] = layers.Conv2D,
) -> keras.Model:
    """Builds the fully convolutional multi-label classifier.

    Args:
      num_objects: Number of objects.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7.
      dropout: Share of activations dropped after fc6 and fc7 in training.
      score_init_stddev: Deviation of the Gaussian that fills fc8.
      relu: As `trunk`, of fc6 and fc7 too.
      convolution: As `trunk`, of fc6 and fc7 too.

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, num_objects] float32
      logits, averaged over the places where the 7x7 window fits; inputs are
      at least MIN_INPUT_SIZE pixels a side.
    """
    image = keras.Input([None, None, 3], name="image")
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
        x = ExampleDropout(dropout, name=f"drop_{name}")(x)
    votes = layers.Conv2D(
        num_objects,
        1,
        kernel_initializer=gaussian(score_init_stddev),
        dtype="float32",
        name="fc8",
    )(x)
    logits = layers.GlobalAveragePooling2D(dtype="float32", name="gap")(votes)
    return keras.Model(image, logits, name="vgg16")


def gaussian(deviation: float) -> keras.initializers.Initializer:
    """Caffe's Gaussian filler."""
    return keras.initializers.RandomNormal(stddev=deviation)
