"""Class activation maps: where a GAP network finds its evidence.

Source: Zhou et al., "Learning deep features for discriminative localization",
CVPR 2016; Oh et al., CVPR 2017, section 4.1.
"""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import gap


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
) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Makes the function from a photograph to the score maps of all objects.

    One forward pass a view serves all classes. The release has one scale and no
    flip; score maps and logits of several views are averaged.

    Args:
      network: A dense GAP network, as networks.weights.trained builds it.
      size: Its input size; photographs are framed whole.
      scales: Factors on `size`.
      flip: Whether the mirror image is averaged in.

    Returns:
      A tf.function from [height, width, 3] uint8 RGB to [height, width,
      num_objects] float32 score maps and [num_objects] float32 logits.

    Raises:
      ValueError: If it is no GAP network.
    """
    if network.name not in gap.VARIANTS:
        raise ValueError(
            f"wanted a GAP network ({', '.join(gap.VARIANTS)}), found "
            f"{network.name}; name the folder of a run of bin/train_seeder"
        )
    features_of = gap.features(network)
    origin = gap.origin(network)
    votes = network.get_layer(gap.SCORE).weights[0]

    def one(image, scale):
        side = images.scaled_size(size, scale)
        framed = images.frame(image, side, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        features = tf.cast(features_of(inputs, training=False), tf.float32)
        maps = score_maps(features, tf.convert_to_tensor(votes))[0]
        at_pixels = images.at_pixels(maps, framed, gap.STRIDE, origin)
        return at_pixels, tf.reduce_mean(maps, [0, 1])

    def mirrored(image, scale):
        maps, logits = one(tf.reverse(image, [1]), scale)
        return tf.reverse(maps, [1]), logits

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    def seed(image):
        views = [one(image, scale) for scale in scales]
        if flip:
            views += [mirrored(image, scale) for scale in scales]
        maps, logits = zip(*views, strict=True)
        return tf.add_n(maps) / len(maps), tf.add_n(logits) / len(logits)

    return seed
