"""Excitation back-propagation: winning probabilities instead of gradients.

The signal that goes back is a probability that a neuron won against the others
of its layer. It starts at the last layer of the classifier and is read at
pool4, as Zhang et al. do in VGG16, or at the image, as Oh et al. (CVPR 2017,
section 4.2) say of all back-propagation seeders.

Source: Zhang et al., "Top-down neural attention by excitation backprop", ECCV
2016.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from guided_segmentation.seeders import excitation_convolution, views

LAYER = "pool4"  # Where the map is read, unless at the image.
FIRST = "conv1_1"  # The layer above the image.
# By the layer where the map is read, the stride of its cells and the centre of
# the first one, in pixels of the network input.
CELLS = {"pool4": (16, 7.5), "image": (1, 0.0)}
SCORE, FEATURES = "fc8", "drop_fc7"  # The last layer, and the one below.


def convolution(*arguments, **settings) -> keras.layers.Layer:
    """Returns an excitation_convolution.ExcitationConv2D."""
    return excitation_convolution.ExcitationConv2D(*arguments, **settings)


def probabilities(
    features: tf.Tensor, weights: tf.Tensor, contrastive: bool = False
) -> tf.Tensor:
    """Returns the winning probabilities of the last features for each object.

    The average pooling and the last layer are linear, so they count as one
    layer (Oh et al., CVPR 2017, appendix B.1).

    Args:
      features: [rows, columns, channels] float32, not negative.
      weights: [channels, K] float32, of the last layer for K objects.
      contrastive: Whether to subtract the probabilities under the negated
        weights (Zhang et al., section 3.3).

    Returns:
      [rows, columns, channels, K] float32. The probabilities of an object sum
      to one; to zero if no weight on a positive feature is positive. The
      contrastive ones are differences of two such probabilities.
    """
    excited = features[..., None] * tf.nn.relu(weights)
    total = tf.reduce_sum(excited, [0, 1, 2])
    found = tf.math.divide_no_nan(excited, total)
    return found - probabilities(features, -weights) if contrastive else found


def image_probabilities(
    image: tf.Tensor, kernel: tf.Tensor, upstream: tf.Tensor
) -> tf.Tensor:
    """Passes winning probabilities of the first convolution to the image.

    The image, BGR minus the mean, has negative values, which equation 10 of
    Zhang et al. excludes. Here each output passes its probability to its
    inputs in proportion to what each of them added to it, as in the layers
    above: value times weight where this is positive, that is where both are
    positive or both negative. Without negative values it is equation 10.

    Args:
      image: [1, rows, columns, 3] float32.
      kernel: [height, width, 3, channels] float32, of a convolution of stride
        1 with zero padding ("same").
      upstream: [K, rows, columns, channels] float32, the probabilities of its
        outputs for K objects.

    Returns:
      [K, rows, columns, 3] float32; probability of outputs to which nothing
      but their bias contributed is lost.
    """
    signs = [(tf.nn.relu(s * image), tf.nn.relu(s * kernel)) for s in (1, -1)]
    sums = tf.add_n([tf.nn.conv2d(x, w, 1, "SAME") for x, w in signs])
    ratios = tf.math.divide_no_nan(upstream, sums)
    shape = tf.concat([tf.shape(ratios)[:3], [3]], 0)
    return tf.add_n(
        [
            x * tf.nn.conv2d_transpose(ratios, w, shape, 1, "SAME")
            for x, w in signs
        ]
    )


def score_one_view(
    network: keras.Model, contrastive: bool, layer: str = LAYER
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Makes the function from network input to winning probabilities.

    Args:
      network: The VGG16 classifier, built of `convolution`.
      contrastive: As of `probabilities`; negative differences become zero.
      layer: Key of CELLS. At pool4 the probabilities of all channels are
        summed; at the image the largest of its three colours is taken.

    Returns:
      A function from [1, rows, columns, 3] float32 BGR minus the mean and [K]
      int32 indices of objects to [K, rows / stride, columns / stride] float32
      probabilities, not negative, and [num_objects] float32 logits.
    """
    names = (FIRST if layer == "image" else LAYER, FEATURES)
    outputs = [network.get_layer(name).output for name in names]
    parts = keras.Model(network.input, [*outputs, network.output])
    weights = network.get_layer(SCORE).weights[0]

    def score(inputs, objects):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            read_at, features, logits = parts(inputs, training=False)
            features = tf.cast(features[0], tf.float32)
            chosen = tf.gather(
                tf.convert_to_tensor(weights)[0, 0], objects, axis=1
            )
            start = probabilities(features, chosen, contrastive)
            # The gradient of this sum with respect to the features is `start`.
            start = tf.stop_gradient(start)
            scores = tf.einsum("hwc,hwck->k", features, start)
        found = views.per_object(tape, scores, read_at)
        if layer == "image":
            kernel = network.get_layer(FIRST).weights[0]
            kernel = tf.cast(tf.convert_to_tensor(kernel), tf.float32)
            found = image_probabilities(inputs, kernel, found)
            return tf.nn.relu(tf.reduce_max(found, -1)), logits[0]
        return tf.nn.relu(tf.reduce_sum(found, -1)), logits[0]

    return score
