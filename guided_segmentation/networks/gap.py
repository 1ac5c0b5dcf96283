"""GAP networks: classifiers whose score maps say where the evidence is.

Source: Oh et al., CVPR 2017, section 4.1 and Table 6; Zhou et al., "Learning
deep features for discriminative localization", CVPR 2016.
"""

import dataclasses
import functools

import keras
from keras import layers

from guided_segmentation.networks import deeplab_v1, vgg16
from guided_segmentation.networks.dropout import ExampleDropout

STRIDE = 8  # Pixels between neighbouring cells of the features.
POOLING, SCORE = "gap", "score"  # The average, and the vote for each object.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """What sets a GAP network apart (Table 6).

    Attributes:
      has_pool4: Whether the trunk pools conv4, which halves the resolution.
      has_roi_pool: Whether fc6 and fc7 see 3x3 windows by RoI pooling, instead
        of sliding 3x3 kernels. The table gives the window alone; as what
        follows is 1x1, one maximum a window is meant. The authors did not
        release this variant.
      is_deeplab: Whether trunk and head are those of DeepLabv1-LargeFOV, as
        the authors released it.
      averages_scores: Whether the average comes after the votes. That changes
        nothing: both are linear (appendix B.1).
      head: Layers between conv5 and the average.
      grid_origin: Pixel on which cell 0 of the dense features is centred; None
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
    **of_deeplab,
) -> keras.Model:
    """Builds a GAP network.

    Args:
      variant: Key of VARIANTS.
      num_objects: Number of objects.
      width_multiplier: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Share of activations dropped after fc6 and fc7 in training.
      head_init_stddev: Deviation of the Gaussian that fills fc6 and fc7; the
        authors' is 0.005. None means He's initialisation, which thin
        networks need, and which GAP-DeepLab always has.
      score_init_stddev: Likewise of score. Where nothing is pretrained, small
        parts are heard sooner by larger votes, since the average over all
        cells makes them faint.
      dense: Whether a network that learns every 16 pixels computes its
        features every 8, by the hole algorithm (Chen et al., ICLR 2015,
        section 3.1). Every other one is that of the strided network. For
        score maps.
      **of_deeplab: For GAP-DeepLab: dilations, stride and pooling, as
        deeplab_v1.features takes them.

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, num_objects] float32
      logits. `features` finds the cells that vote: one each 8 pixels of a
      dense network.

    Raises:
      TypeError: If a variant other than GAP-DeepLab gets arguments of it.
    """
    table = VARIANTS[variant]
    if of_deeplab and not table.is_deeplab:
        raise TypeError(f"{variant} takes no {', '.join(of_deeplab)}")
    image = keras.Input([None, None, 3], name="image")
    head = {"head_channels": head_channels, "dropout": dropout}
    if table.is_deeplab:
        x = deeplab_v1.features(
            image,
            width_multiplier=width_multiplier,
            dense=dense,
            **head,
            **of_deeplab,
        )
    else:
        x = _trunk(image, table, width_multiplier, dense)
        x = _head(x, table, head_init_stddev, dense, **head)
    average = layers.GlobalAveragePooling2D(dtype="float32", name=POOLING)
    vote = layers.Dense(
        num_objects,
        use_bias=False,
        kernel_initializer=vgg16.gaussian(score_init_stddev),
        dtype="float32",
        name=SCORE,
    )
    logits = average(vote(x)) if table.averages_scores else vote(average(x))
    return keras.Model(image, logits, name=variant)


def features(network: keras.Model) -> keras.Model:
    """Returns the part of a GAP network below its votes and its average."""
    averages_scores = VARIANTS[network.name].averages_scores
    top = network.get_layer(SCORE if averages_scores else POOLING)
    return keras.Model(network.input, top.input)


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of its dense features is centred."""
    found = VARIANTS[network.name].grid_origin
    return deeplab_v1.grid_origin(network) if found is None else found


def _trunk(image, table, width_multiplier, dense):
    dilation = _dilation(table, dense)
    pool4 = functools.partial(vgg16.pool_2x2, stride=2 // dilation)
    return vgg16.trunk(
        image,
        width_multiplier=width_multiplier,
        pools=(
            *3 * (vgg16.pool_2x2,),
            pool4 if table.has_pool4 else None,
            None,
        ),
        conv5_dilation=dilation,
    )


def _head(x, table, deviation, dense, *, head_channels, dropout):
    """The layers between conv5 and the average."""
    if table.has_roi_pool:
        x = layers.MaxPooling2D(3, 1, padding="same", name="roi_pool")(x)
    for name in table.head:
        x = layers.Conv2D(
            head_channels,
            1 if table.has_roi_pool else 3,
            padding="same",
            dilation_rate=_dilation(table, dense),
            activation="relu",
            kernel_initializer=_filler(deviation),
            name=name,
        )(x)
        x = ExampleDropout(dropout, name=f"drop_{name}")(x)
    return x


def _dilation(table, dense):
    """Cells of 8 pixels between the taps of what comes after pool4."""
    return 2 if dense and table.has_pool4 else 1


def _filler(deviation):
    """One initializer a layer: Keras 2 draws a shared one's values twice."""
    return "he_normal" if deviation is None else vgg16.gaussian(deviation)
