"""DeepLabv1-LargeFOV: the segmenter of the paper.

Source: Chen et al., "Semantic image segmentation with deep convolutional nets
and fully connected CRFs", ICLR 2015; Oh et al., CVPR 2017, section 6.1.
"""

import functools

import keras
from keras import layers

from guided_segmentation.networks import vgg16
from guided_segmentation.networks.dropout import ExampleDropout

STRIDE = 8  # Pixels between neighbouring cells of the logits.
ORIGIN = 0.0  # Pixel on which cell 0 is centred: every pool is centred.


def large_fov(
    num_classes: int = 21,
    width: float = 1.0,
    head_channels: int = 1024,
    dropout: float = 0.5,
    fc6_dilation: int = 12,
    conv5_dilation: int = 2,
) -> keras.Model:
    """Builds DeepLabv1-LargeFOV without the average pool before fc6.

    Args:
      num_classes: Number of classes, background included.
      width: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Share of activations dropped after fc6 and fc7 in training.
      fc6_dilation: Dilation of fc6; the paper's is 12, which reaches 96
        pixels either way. Small photographs want less.
      conv5_dilation: Dilation of conv5; the paper's is 2, in place of the
        stride that VGG16's pool4 had. 1 suits a trunk of GAP-HighRes, which
        never had it.

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, rows / 8 + 1,
      columns / 8 + 1, num_classes] float32 logits (Caffe's rounding: 321
      gives 41).
    """
    image = keras.Input([None, None, 3], name="image")
    dense = functools.partial(vgg16.pool_3x3, stride=1)
    pools = (vgg16.pool_3x3,) * 3 + (dense, dense)
    x = vgg16.trunk(
        image, width=width, pools=pools, conv5_dilation=conv5_dilation
    )
    for name, kernel, dilation in (("fc6", 3, fc6_dilation), ("fc7", 1, 1)):
        x = layers.Conv2D(
            head_channels,
            kernel,
            padding="same",
            dilation_rate=dilation,
            activation="relu",
            kernel_initializer="he_normal",
            name=name,
        )(x)
        x = ExampleDropout(dropout, name=f"drop_{name}")(x)
    logits = layers.Conv2D(
        num_classes,
        1,
        kernel_initializer=vgg16.gaussian(0.01),
        dtype="float32",
        name="fc8",
    )(x)
    return keras.Model(image, logits, name="deeplab_v1")
