"""DeepLabv2-ResNet101: the paper's saliency net.

Source: Chen et al., "DeepLab: semantic image segmentation with deep
convolutional nets, atrous convolution, and fully connected CRFs", PAMI 2018,
sections 3.2 and 4.1; Oh et al., CVPR 2017, section 6.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from guided_segmentation.networks import resnet101, vgg16

NAME = "deeplab_v2"
STRIDE = 8  # Pixels between neighbouring cells of the logits.
GRID_ORIGIN = 0.0  # Pixel on which cell 0 is centred.
DILATIONS = (6, 12, 18, 24)  # Of the atrous spatial pyramid.
HEAD_LAYERS = tuple(f"fc1_rate{dilation}" for dilation in DILATIONS)


def resnet(
    num_classes: int = 21,
    width_multiplier: float = 1.0,
    blocks: Sequence[int] = resnet101.BLOCKS,
) -> keras.Model:
    """Builds DeepLabv2-ResNet101, for one scale.

    Atrous spatial pyramid pooling: the logits are the sum of four 3x3
    convolutions of different dilations. Unlike Caffe's, the convolutions of
    Keras's trunk have biases, which are trained.

    Args:
      num_classes: Number of classes, background included.
      width_multiplier: Factor on the channels of the trunk.
      blocks: As resnet101.trunk takes them.

    Returns:
      [batch, rows, columns, 3] float32 BGR minus mean -> [batch, cell rows,
      cell columns, num_classes] float32 logits; 321 pixels give 41 cells.
    """
    image = keras.Input([None, None, 3], name="image")
    x = resnet101.trunk(image, width_multiplier=width_multiplier, blocks=blocks)
    branches = [
        keras.layers.Conv2D(
            num_classes,
            3,
            padding="same",
            dilation_rate=dilation,
            kernel_initializer=vgg16.gaussian(0.01),
            dtype="float32",
            name=name,
        )(x)
        for name, dilation in zip(HEAD_LAYERS, DILATIONS, strict=True)
    ]
    logits = keras.layers.Add(dtype="float32", name="logits")(branches)
    return keras.Model(image, logits, name=NAME)
