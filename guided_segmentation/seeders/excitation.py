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


def forward(
    network: keras.Model, contrastive: bool, layer: str = LAYER
) -> Callable[[tf.Tensor], tuple[tf.Tensor, Callable]]:
    """Makes the function from network input to winning probabilities.

    Args:
      network: The VGG16 classifier, built of `convolution`.
      contrastive: As of `probabilities`; negative differences become zero.
      layer: Key of CELLS. At pool4 the probabilities of all channels are
        summed; at the image the largest of its three colours is taken.

    Returns:
      A views.Forward, but its maps are [K, batch, rows / stride, columns /
      stride] float32 probabilities, not negative.
    """
    names = (FIRST if layer == "image" else LAYER, FEATURES)
    outputs = [network.get_layer(name).output for name in names]
    parts = keras.Model(network.input, [*outputs, network.output])
    weights = network.get_layer(SCORE).weights[0]

    def run(inputs):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            read_at, features, logits = parts(inputs, training=False)
            features = tf.cast(features, tf.float32)

        def score(objects):
            # The gradient of a score with respect to the features is this.
            start = _start(features, weights, objects, contrastive)
            found = views.per_object(
                tape,
                features,
                read_at,
                lambda index: start[..., index],
                tf.shape(objects)[1],
            )
            if layer == "image":
                found = _at_image(inputs, network, found)
                return tf.nn.relu(tf.reduce_max(found, -1))
            return tf.nn.relu(tf.reduce_sum(found, -1))

        return logits, score

    return run


def _start(features, weights, objects, contrastive):
    """`probabilities` of each photograph, [batch, rows, columns, channels, K].

    Args:
      features: [batch, rows, columns, channels] float32.
      weights: Variable of the last layer, [1, 1, channels, num_objects].
      objects: [batch, K] int32; those of -1 get the probabilities of 0.
      contrastive: As of `probabilities`.
    """
    last = tf.convert_to_tensor(weights)[0, 0]

    def one(each):
        found, chosen = each
        chosen = tf.gather(last, tf.maximum(chosen, 0), axis=1)
        return probabilities(found, chosen, contrastive)

    return tf.map_fn(
        one,
        (features, objects),
        parallel_iterations=1,
        fn_output_signature=tf.float32,
    )


def _at_image(inputs, network, found):
    """`image_probabilities` of [K, batch, rows, columns, channels]."""
    kernel = tf.convert_to_tensor(network.get_layer(FIRST).weights[0])
    kernel = tf.cast(kernel, tf.float32)
    each = tf.map_fn(
        lambda pair: image_probabilities(pair[0][None], kernel, pair[1]),
        (inputs, tf.transpose(found, [1, 0, 2, 3, 4])),
        parallel_iterations=1,
        fn_output_signature=tf.float32,
    )
    return tf.transpose(each, [1, 0, 2, 3, 4])
