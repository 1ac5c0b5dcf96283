"""Class activation maps (CAM) of a GAP network.

Source: Zhou et al., "Learning deep features for discriminative localization",
CVPR 2016; Oh et al., CVPR 2017, section 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from guided_segmentation.errors import InputError
from guided_segmentation.networks import gap
from guided_segmentation.seeders import views


def score_maps(features: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Returns the sum of the feature maps, weighted for each object.

    The mean of a score map over its cells is the object's logit, since the
    average pooling and the last layer are linear.

    Args:
      features: [..., rows, columns, channels] float32, the input of the
        average pooling.
      weights: [channels, num_objects] float32, of the last layer.

    Returns:
      [..., rows, columns, num_objects] float32, unbounded.
    """
    return tf.einsum("...hwc,ck->...hwk", features, weights)


def seeder(
    network: keras.Model,
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> views.Seeder:
    """Makes the seeder of a GAP network; one forward pass serves all objects.

    Args:
      network: A GAP network, dense or not, as networks.weights.load_trained
        returns it.
      size: Network input size in pixels.
      scales: As of `views.averaged`.
      flip: As of `views.averaged`.

    Returns:
      A seeder; score maps are unbounded. At one scale without mirror image,
      the mean of an object's score map over the cells that the network was
      trained on is its logit.

    Raises:
      ValueError: If the network is not a GAP network.
    """
    if network.name not in gap.VARIANTS:
        raise InputError(
            f"wanted a GAP network ({', '.join(gap.VARIANTS)}), found "
            f"{network.name}; name the folder of a run of bin/train_seeder"
        )
    features = gap.features(network).output
    parts = keras.Model(network.input, [features, network.output])
    weights = network.get_layer(gap.SCORE).weights[0]

    def forward(inputs):
        features, logits = parts(inputs, training=False)
        features = tf.cast(features, tf.float32)
        maps = score_maps(features, tf.convert_to_tensor(weights))

        def score(objects):
            chosen = tf.maximum(objects, 0)
            return tf.gather(maps, chosen, axis=-1, batch_dims=1)

        return logits, score

    return views.averaged(
        forward,
        size,
        scales,
        flip,
        stride=gap.stride(network),
        origin=gap.grid_origin(network),
        num_objects=network.output_shape[-1],
    )
