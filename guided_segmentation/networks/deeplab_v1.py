"""DeepLabv1-LargeFOV: the segmenter of the paper.

Source: Chen et al., "Semantic image segmentation with deep convolutional nets
and fully connected CRFs", ICLR 2015; Oh et al., CVPR 2017, section 6.1.
"""

from __future__ import annotations

import functools

import keras

from guided_segmentation.errors import InputError
from guided_segmentation.networks import layers, low_rank, vgg16

STRIDE = 8  # Pixels between neighbouring cells of the logits.
# Pixel on which cell 0 is centred, by the window of the first four pools.
GRID_ORIGINS = {"3x3": 0.0, "2x2": 7.5}
_POOLS = {"3x3": vgg16.pool_3x3, "2x2": vgg16.pool_2x2}


def large_fov(
    num_classes: int = 21,
    width_multiplier: float = 1.0,
    head_channels: int = 1024,
    **arguments,
) -> keras.Model:
    """Builds DeepLabv1-LargeFOV without the average pool before fc6.

    Args:
      num_classes: Number of classes, background included.
      width_multiplier: As `features` takes it.
      head_channels: As `features` takes it.
      **arguments: More arguments of `features`.

    Returns:
      [batch, rows, columns, 3] float32 BGR minus mean -> [batch, cell rows,
      cell columns, num_classes] float32 logits. Sizes round up, as in Caffe:
      321 pixels give 41 cells, or 21 at stride 16 unless `dense`.

    Raises:
      ValueError: As `features` raises it.
    """
    image = keras.Input([None, None, 3], name="image")
    x = features(
        image,
        width_multiplier=width_multiplier,
        head_channels=head_channels,
        **arguments,
    )
    logits = keras.layers.Conv2D(
        num_classes,
        1,
        kernel_initializer=vgg16.gaussian(0.01),
        dtype="float32",
        name="fc8",
    )(x)
    return keras.Model(image, logits, name="deeplab_v1")


def features(
    image,
    *,
    width_multiplier: float = 1.0,
    head_channels: int = 1024,
    dropout: float = 0.5,
    fc6_dilation: int = 12,
    conv5_dilation: int = 2,
    stride: int = STRIDE,
    dense: bool = False,
    pooling: str = "3x3",
    rank: int | None = None,
    last_convolution: str = vgg16.CONVOLUTIONS[-1],
):
    """Applies DeepLabv1-LargeFOV up to fc7.

    Args:
      image: [batch, rows, columns, 3] Keras tensor, float32 BGR minus mean.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Fraction of activations dropped after fc6 and fc7 in training.
      fc6_dilation: Dilation of fc6 in cells of 8 pixels; the paper's is 12,
        which reaches 96 pixels to each side. Small photographs need less.
      conv5_dilation: Dilation of conv5 in cells of 8 pixels; the paper's is 2,
        which replaces the stride of VGG16's pool4. Use 1 with the trunk of a
        GAP-HighRes network, which has no pool4.
      stride: Pixels between cells of the features: 8, the paper's, or 16,
        which keeps the stride of pool4, so that later layers cost a quarter.
      dense: With stride 16: whether the features are computed every 8 pixels
        by the hole algorithm (Chen et al., section 3.1). Every other cell
        equals that of the strided network. For predictions.
      pooling: Window of the first four pools: "3x3", the paper's, or "2x2",
        VGG16's own, which suits a frozen pretrained trunk.
      rank: Rank of the convolutions of conv4 and conv5, as
        low_rank.convolution takes it; None for full ones.
      last_convolution: Of the trunk, in conv5; later ones are left out.

    Returns:
      The Keras tensor after fc7, [batch, cell rows, cell columns,
      head_channels].

    Raises:
      ValueError: If the stride is neither 8 nor 16, or dilations are odd at
        stride 16.
    """
    _require_stride(stride, fc6=fc6_dilation, conv5=conv5_dilation)
    # Dilations count cells of 8 pixels. After a pool4 of stride 2 cells are 16
    # pixels apart, and dilations are halved. The dense network (hole algorithm)
    # has a pool4 of stride 1 and dilates all later layers instead.
    pool4_stride = 1 if dense else stride // STRIDE
    x = vgg16.trunk(
        image,
        width_multiplier=width_multiplier,
        pools=_pools(pooling, stride, pool4_stride),
        conv5_dilation=conv5_dilation // pool4_stride,
        upper=low_rank.convolution(rank) if rank else None,
        last=last_convolution,
    )
    return _head(x, head_channels, dropout, fc6_dilation // pool4_stride)


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of a LargeFOV network is centred.

    Args:
      network: What `large_fov` or gap.build("gap_deeplab") returns.
    """
    size, _ = network.get_layer("pool1").pool_size
    return GRID_ORIGINS[f"{size}x{size}"]


def grid_stride(network: keras.Model) -> int:
    """Returns the pixels between neighbouring cells of a LargeFOV network.

    Args:
      network: What `large_fov` or gap.build("gap_deeplab") returns.
    """
    return STRIDE * network.get_layer("pool4").strides[0]


def _pools(pooling, stride, pool4_stride):
    """The five pools of the trunk."""
    pool = _POOLS[pooling]
    pool4 = functools.partial(pool, stride=pool4_stride)
    # In the dense network pool5 sees the cells that the strided one computes.
    pool5_dilation = stride // STRIDE // pool4_stride
    pool5 = functools.partial(vgg16.pool_3x3, stride=1, dilation=pool5_dilation)
    return pool, pool, pool, pool4, pool5


def _head(x, channels, dropout, fc6_dilation):
    """Applies fc6 and fc7."""
    for name, kernel, dilation in (("fc6", 3, fc6_dilation), ("fc7", 1, 1)):
        x = keras.layers.Conv2D(
            channels,
            kernel,
            padding="same",
            dilation_rate=dilation,
            activation="relu",
            kernel_initializer="he_normal",
            name=name,
        )(x)
        x = layers.ExampleDropout(dropout, name=f"drop_{name}")(x)
    return x


def _require_stride(stride, **dilations):
    if stride not in (STRIDE, 2 * STRIDE):
        raise InputError(f"wanted a stride of 8 or 16, found {stride}")
    for layer, dilation in dilations.items():
        if dilation % (stride // STRIDE):
            raise InputError(
                f"stride 16 wants even dilations, found {dilation} of {layer}; "
                f"change --{layer}_dilation or --stride"
            )
