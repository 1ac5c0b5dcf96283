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
GRID_ORIGINS = {"3x3": 0.0, "2x2": 7.5}  # Pixel on which cell 0 is centred.
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
      width_multiplier: As `features`.
      head_channels: As `features`.
      **arguments: More of `features`.

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, cell rows, cell
      columns, num_classes] float32 logits (Caffe's rounding: 321 pixels give
      41 cells; 21 with stride 16 that is not dense).

    Raises:
      ValueError: As `features`.
    """
    image = keras.Input([None, None, 3], name="image")
    x = features(
        image,
        width_multiplier=width_multiplier,
        head_channels=head_channels,
        **arguments,
    )
    logits = layers.Conv2D(
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
):
    """Applies DeepLabv1-LargeFOV up to fc7.

    Args:
      image: [batch, rows, columns, 3] Keras tensor, BGR minus the mean.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Share of activations dropped after fc6 and fc7 in training.
      fc6_dilation: Dilation of fc6; the paper's is 12, which reaches 96
        pixels either way. Small photographs want less.
      conv5_dilation: Dilation of conv5; the paper's is 2, in place of the
        stride that VGG16's pool4 had. 1 suits a trunk of GAP-HighRes, which
        never had it.
      stride: Pixels between cells: 8, the paper's, or 16, which keeps the
        stride of pool4, so that what follows costs a quarter. Dilations
        count cells of 8 pixels all the same.
      dense: With stride 16: whether cells are computed every 8 pixels by
        the hole algorithm (Chen et al., section 3.1). Every other one is
        that of the strided network. For predictions.
      pooling: Window of the first four pools: "3x3", the paper's, or "2x2",
        VGG16's own, which suits a trunk that stays as it was pretrained.

    Returns:
      The Keras tensor after fc7, [batch, cell rows, cell columns,
      head_channels].

    Raises:
      ValueError: If the stride is neither 8 nor 16, or does not divide a
        dilation.
    """
    _require_stride(stride, fc6=fc6_dilation, conv5=conv5_dilation)
    grid_step = stride // STRIDE  # Between cells, in cells of 8 pixels.
    cell = 1 if dense else grid_step  # Between what is computed.
    pool = _POOLS[pooling]
    pool4 = functools.partial(pool, stride=cell)
    pool5 = functools.partial(
        vgg16.pool_3x3, stride=1, dilation=grid_step // cell
    )
    x = vgg16.trunk(
        image,
        width_multiplier=width_multiplier,
        pools=(pool, pool, pool, pool4, pool5),
        conv5_dilation=conv5_dilation // cell,
    )
    for name, kernel, dilation in (
        ("fc6", 3, fc6_dilation // cell),
        ("fc7", 1, 1),
    ):
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
    return x


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of a LargeFOV network is centred."""
    size, _ = network.get_layer("pool1").pool_size
    return GRID_ORIGINS[f"{size}x{size}"]


def _require_stride(stride, **dilations):
    grid_step, rest = divmod(stride, STRIDE)
    if rest or grid_step not in (1, 2):
        raise ValueError(f"wanted a stride of 8 or 16, found {stride}")
    for layer, dilation in dilations.items():
        if dilation % grid_step:
            raise ValueError(
                f"stride 16 wants even dilations, found {dilation} of {layer}; "
                f"change --{layer}_dilation or --stride"
            )
