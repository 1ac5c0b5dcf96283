"""GAP networks: classifiers whose score maps say where the evidence is.

Source: Oh et al., CVPR 2017, section 4.1 and Table 6; Zhou et al., "Learning
deep features for discriminative localization", CVPR 2016.
"""

import dataclasses
import functools

import keras
from keras import layers

from guided_segmentation.networks import vgg16
from guided_segmentation.networks.dropout import ExampleDropout

STRIDE = 8  # Pixels between neighbouring cells of the features.
POOLING, SCORE = "gap", "score"  # Between them lies the vote of each cell.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variant:
    """What sets a GAP network apart (Table 6).

    Attributes:
      has_pool4: Whether conv4 is pooled, which halves the resolution.
      head: Layers of 3x3 between conv5 and the average.
      origin: Pixel on which cell 0 of the dense features is centred.
    """

    has_pool4: bool
    head: tuple[str, ...]
    origin: float


VARIANTS = {
    "gap_low_res": Variant(has_pool4=True, head=("fc6",), origin=7.5),
    "gap_high_res": Variant(has_pool4=False, head=("fc6", "fc7"), origin=3.5),
}


def build(
    variant: str,
    num_objects: int = 20,
    width: float = 1.0,
    head_channels: int = 1024,
    dropout: float = 0.5,
    head_deviation: float | None = None,
    score_deviation: float = 0.005,
    dense: bool = False,
) -> keras.Model:
    """Builds a GAP network.

    Args:
      variant: Key of VARIANTS.
      num_objects: Number of objects.
      width: Factor on the channels of the trunk.
      head_channels: Channels of fc6 and fc7; the paper's is 1024.
      dropout: Share of activations dropped after fc6 and fc7 in training.
      head_deviation: Deviation of the Gaussian that fills fc6 and fc7; the
        authors' is 0.005. None means He's initialisation, which thin
        networks need.
      score_deviation: Likewise of score. Where nothing is pretrained, small
        parts are heard sooner by larger votes, since the average over all
        cells makes them faint.
      dense: Whether a network with pool4 computes its features every 8
        pixels instead of 16, by the hole algorithm (Chen et al., ICLR 2015,
        section 3.1). Every other one is that of the strided network. For
        score maps.

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, num_objects] float32
      logits. The features under the average are the input of layer POOLING:
      [batch, ceil(rows / stride), ceil(columns / stride), head_channels].
    """
    table = VARIANTS[variant]
    image = keras.Input([None, None, 3], name="image")
    holes = 2 if dense and table.has_pool4 else 1
    pool4 = functools.partial(vgg16.pool_2x2, stride=2 // holes)
    x = vgg16.trunk(
        image,
        width=width,
        pools=(
            *3 * (vgg16.pool_2x2,),
            pool4 if table.has_pool4 else None,
            None,
        ),
        conv5_dilation=holes,
    )
    for name in table.head:
        x = layers.Conv2D(
            head_channels,
            3,
            padding="same",
            dilation_rate=holes,
            activation="relu",
            kernel_initializer=_filler(head_deviation),
            name=name,
        )(x)
        x = ExampleDropout(dropout, name=f"drop_{name}")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name=POOLING)(x)
    logits = layers.Dense(
        num_objects,
        use_bias=False,
        kernel_initializer=vgg16.gaussian(score_deviation),
        dtype="float32",
        name="score",
    )(x)
    return keras.Model(image, logits, name=variant)


def features(network: keras.Model) -> keras.Model:
    """Returns the part of a GAP network below its average."""
    return keras.Model(network.input, network.get_layer(POOLING).input)


def _filler(deviation):
    """One initializer a layer: Keras 2 draws a shared one's values twice."""
    return "he_normal" if deviation is None else vgg16.gaussian(deviation)
