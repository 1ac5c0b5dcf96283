"""GAP networks: classifiers with global average pooling, for score maps.

Source: Oh et al., CVPR 2017, section 4.1 and Table 6; Zhou et al., "Learning
deep features for discriminative localization", CVPR 2016.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import keras

from guided_segmentation.networks import deeplab_v1, layers, vgg16

# Names of the average and output layers, and of the layer that keeps the cells
# that the network was trained on.
POOLING, SCORE, TRAINED_CELLS = "gap", "score", "trained_cells"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """Architecture of a GAP network (Table 6).

    Attributes:
      has_pool4: Whether the trunk pools conv4, which halves the resolution.
      has_roi_pool: Whether fc6 and fc7 are 1x1 convolutions after RoI pooling
        of 3x3 windows, instead of 3x3 convolutions. The table gives the size
        of the window alone; here a window is reduced to its maximum, since
        1x1 convolutions follow. The authors did not release this variant.
      is_deeplab: Whether trunk and head are those of DeepLabv1-LargeFOV, as
        the authors released it.
      averages_scores: Whether the average comes after the output layer. The
        result is the same, since both are linear (appendix B.1).
      head: Names of the layers between conv5 and the average.
      grid_origin: Pixel on which cell 0 of the features is centred; None
        if it depends on the pools of the network.
    """

    has_pool4: bool = False
    has_roi_pool: bool = False
    is_deeplab: bool = False
    averages_scores: bool = False
    head: tuple[str, ...] = ("fc6", "fc7")
    grid_origin: float | None = 3.5


VARIANTS = {
    "gap_lowres": Variant(has_pool4=True, head=("fc6",), grid_origin=7.5),
    "gap_highres": Variant(),
    "gap_roi": Variant(has_roi_pool=True, averages_scores=True),
    "gap_deeplab": Variant(is_deeplab=True, grid_origin=None),
}


def build(
    variant: str,
    num_objects: int = 20,
    width_multiplier: float = 1.0,
    head_channels: int = 1024,
    dropout: float = 0.5,
    head_init_stddev: float | None = None,
    score_init_stddev: float = 0.005,
    dense: bool = False,
    **deeplab_arguments,
) -> keras.Model:
    """Builds a GAP network.

    Args:
      variant: Key of VARIANTS.
      num_objects: Number of objects.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Fraction of activations dropped after fc6 and fc7 in training.
      head_init_stddev: Standard deviation of the Gaussian that initialises
        fc6 and fc7; the authors' is 0.005. None means He's initialisation,
        which thin networks need, and which GAP-DeepLab always has.
      score_init_stddev: Standard deviation of the initial weights of the
        output layer. If nothing is pretrained, larger weights speed up
        learning of small parts, whose features the average reduces.
      dense: Whether a network with stride 16 computes its features every 8
        pixels, by the hole algorithm (Chen et al., ICLR 2015, section 3.1).
        Every other cell equals that of the strided network; the logits are
        averages over these cells alone, so they are those of the strided
        network. For score maps.
      **deeplab_arguments: For GAP-DeepLab: dilations, stride and pooling, as
        deeplab_v1.features takes them.

    Returns:
      [batch, rows, columns, 3] float32 BGR minus mean -> [batch, num_objects]
      float32 logits, before the sigmoid.

    Raises:
      TypeError: If another variant than GAP-DeepLab gets arguments of it.
    """
    parts = VARIANTS[variant]
    if deeplab_arguments and not parts.is_deeplab:
        raise TypeError(f"{variant} takes no {', '.join(deeplab_arguments)}")
    image = keras.Input([None, None, 3], name="image")
    head = {"head_channels": head_channels, "dropout": dropout}
    if parts.is_deeplab:
        x = deeplab_v1.features(
            image,
            width_multiplier=width_multiplier,
            dense=dense,
            **head,
            **deeplab_arguments,
        )
    else:
        x = _trunk(image, parts, width_multiplier, dense)
        x = _head(x, parts, head_init_stddev, dense, **head)
    if dense and _trained_stride(parts, deeplab_arguments) > deeplab_v1.STRIDE:
        x = keras.layers.MaxPooling2D(1, 2, name=TRAINED_CELLS)(x)
    average = keras.layers.GlobalAveragePooling2D(dtype="float32", name=POOLING)
    score = keras.layers.Dense(
        num_objects,
        use_bias=False,
        kernel_initializer=vgg16.gaussian(score_init_stddev),
        dtype="float32",
        name=SCORE,
    )
    logits = average(score(x)) if parts.averages_scores else score(average(x))
    return keras.Model(image, logits, name=variant)


def features(network: keras.Model) -> keras.Model:
    """Returns the part of a GAP network below its average and output layer.

    Args:
      network: What `build` returns.

    Returns:
      [batch, rows, columns, 3] float32 BGR minus mean -> [batch, cell rows,
      cell columns, channels] features; cells are `stride(network)` pixels
      apart.
    """
    names = [layer.name for layer in network.layers]
    averages_scores = VARIANTS[network.name].averages_scores
    top = SCORE if averages_scores else POOLING
    if TRAINED_CELLS in names:
        top = TRAINED_CELLS
    return keras.Model(network.input, network.get_layer(top).input)


def stride(network: keras.Model) -> int:
    """Returns the pixels between neighbouring cells of the features.

    Args:
      network: What `build` returns.

    Returns:
      8, or 16 for a network that was trained at stride 16 and is not dense.
    """
    return math.prod(
        layer.strides[0]
        for layer in features(network).layers
        if isinstance(layer, keras.layers.MaxPooling2D)
    )


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of the features is centred.

    Args:
      network: What `build` returns, dense or not.
    """
    pixel = VARIANTS[network.name].grid_origin
    return deeplab_v1.grid_origin(network) if pixel is None else pixel


def _trunk(image, parts, width_multiplier, dense):
    dilation = _dilation(parts, dense)
    pool4 = functools.partial(vgg16.pool_2x2, stride=2 // dilation)
    return vgg16.trunk(
        image,
        width_multiplier=width_multiplier,
        pools=(
            *3 * (vgg16.pool_2x2,),
            pool4 if parts.has_pool4 else None,
            None,
        ),
        conv5_dilation=dilation,
    )


def _head(x, parts, stddev, dense, *, head_channels, dropout):
    """The layers between conv5 and the average."""
    if parts.has_roi_pool:
        x = keras.layers.MaxPooling2D(3, 1, padding="same", name="roi_pool")(x)
    for name in parts.head:
        x = keras.layers.Conv2D(
            head_channels,
            1 if parts.has_roi_pool else 3,
            padding="same",
            dilation_rate=_dilation(parts, dense),
            activation="relu",
            kernel_initializer=_initializer(stddev),
            name=name,
        )(x)
        x = layers.ExampleDropout(dropout, name=f"drop_{name}")(x)
    return x


def _trained_stride(parts, deeplab_arguments):
    """Pixels between the cells of the network that is trained."""
    return deeplab_arguments.get("stride", 16 if parts.has_pool4 else 8)


def _dilation(parts, dense):
    """Dilation of the layers after pool4, in cells of 8 pixels."""
    return 2 if dense and parts.has_pool4 else 1


def _initializer(stddev):
    """A new one per layer: in Keras 2 a shared one repeats its values."""
    return "he_normal" if stddev is None else vgg16.gaussian(stddev)
