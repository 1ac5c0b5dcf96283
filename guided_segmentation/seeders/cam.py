"""Class activation maps: where a GAP network finds its evidence.

Source: Zhou et al., "Learning deep features for discriminative localization",
CVPR 2016; Oh et al., CVPR 2017, section 4.1.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from guided_segmentation.networks import gap
from guided_segmentation.seeders import views


def score_maps(features: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Weighs each feature map by its vote for each class.

    The mean of a score map over the image is the class's score.

    Args:
      features: [..., height, width, channels] float32, the input of the
        pooling.
      weights: [channels, num_objects] float32, of the layer after it.

    Returns:
      [..., height, width, num_objects] float32 scores, unbounded, at the
      resolution of `features`.
    """
    return tf.einsum("...hwc,ck->...hwk", features, weights)


def seeder(
    network: keras.Model,
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> views.Seeder:
    """Makes the function from a photograph to the score maps of its objects.

    One forward pass a view serves all objects.

    Args:
      network: A dense GAP network, as networks.weights.trained builds it.
      size: Its input size.
      scales: As `views.averaged`.
      flip: As `views.averaged`.

    Returns:
      As `views.averaged`. The mean of an object's score map over the cells of
      the network is its logit.

    Raises:
      ValueError: If it is no GAP network.
    """
    if network.name not in gap.VARIANTS:
        raise ValueError(
            f"wanted a GAP network ({', '.join(gap.VARIANTS)}), found "
            f"{network.name}; name the folder of a run of bin/train_seeder"
        )
    features_of = gap.features(network)
    votes = network.get_layer(gap.SCORE).weights[0]

    def score_one_view(inputs, objects):
        features = tf.cast(features_of(inputs, training=False), tf.float32)
        maps = score_maps(features, tf.convert_to_tensor(votes))[0]
        logits = tf.reduce_mean(maps, [0, 1])
        return tf.gather(maps, objects, axis=-1), logits

    origin = gap.grid_origin(network)
    return views.averaged(
        score_one_view, size, scales, flip, stride=gap.STRIDE, origin=origin
    )
