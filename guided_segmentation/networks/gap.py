"""GAP networks: classifiers whose score maps say where the evidence is.

Source: Oh et al., CVPR 2017, section 4.1 and Table 6; Zhou et al., "Learning
deep features for discriminative localization", CVPR 2016.
"""

import keras
from keras import layers

from guided_segmentation.networks import vgg16
from guided_segmentation.networks.dropout import ExampleDropout

STRIDE = 8  # Pixels between neighbouring cells of the features.
FEATURES, SCORE = "fc7", "score"  # Layers that make the score maps.
ORIGIN = 3.5  # Pixel on which cell 0 is centred, after three 2x2 pools.


def high_res(
    num_objects: int = 20,
    width: float = 1.0,
    head_channels: int = 1024,
    dropout: float = 0.5,
    head_deviation: float | None = None,
    score_deviation: float = 0.005,
) -> keras.Model:
    """Builds GAP-HighRes: no pooling after conv4 and conv5.

    Args:
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

    Returns:
      [batch, rows, columns, 3] BGR minus mean -> [batch, num_objects] float32
      logits. The features under the average are the output of layer FEATURES:
      [batch, ceil(rows / 8), ceil(columns / 8), head_channels].
    """
    image = keras.Input([None, None, 3], name="image")
    pools = (vgg16.pool_2x2,) * 3 + (None, None)
    x = vgg16.trunk(image, width=width, pools=pools)
    for name in ("fc6", "fc7"):
        x = layers.Conv2D(
            head_channels,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=_filler(head_deviation),
            name=name,
        )(x)
        x = ExampleDropout(dropout, name=f"drop_{name}")(x)
    x = layers.GlobalAveragePooling2D(dtype="float32", name="gap")(x)
    logits = layers.Dense(
        num_objects,
        use_bias=False,
        kernel_initializer=vgg16.gaussian(score_deviation),
        dtype="float32",
        name="score",
    )(x)
    return keras.Model(image, logits, name="gap_high_res")


def _filler(deviation):
    """One initializer a layer: Keras 2 draws a shared one's values twice."""
    return "he_normal" if deviation is None else vgg16.gaussian(deviation)
