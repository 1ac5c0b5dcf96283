"""Excitation back-propagation: winning probabilities instead of gradients.

The signal that goes back is a probability that a neuron won against the others
of its layer. It starts at the last layer of the classifier and is read at a
layer below.

Source: Zhang et al., "Top-down neural attention by excitation backprop", ECCV
2016.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import layers

from guided_segmentation.seeders import views

LAYER = "pool4"  # Where the map is read, as by Zhang et al. in VGG16.
STRIDE, ORIGIN = 16, 7.5  # Of its cells, in pixels of the network input.
SCORE, FEATURES = "fc8", "drop_fc7"  # The last layer, and the one below.


@keras.utils.register_keras_serializable("guided_segmentation")
class ExcitationConv2D(layers.Conv2D):
    """A convolution whose backward pass distributes winning probabilities.

    Each output passes its probability to its inputs in proportion to what
    each of them added to it: activation times positive weight. Inputs are
    outputs of a ReLU, so none is negative. The probability of an output that
    has no positive contribution but its bias is lost.

    Source: Zhang et al., ECCV 2016, equation 10.
    """

    def call(self, inputs):
        """Returns the outputs of a plain convolution."""
        outputs = tf.stop_gradient(super().call(inputs))
        positive = tf.cast(tf.nn.relu(self.kernel), inputs.dtype)
        return self._excited(inputs, positive, outputs)

    def _excited(self, inputs, positive, outputs):
        padding = self.padding.upper()

        @tf.custom_gradient
        def excited(x):
            def backward(upstream):
                sums = tf.nn.conv2d(x, positive, 1, padding)
                ratios = tf.math.divide_no_nan(upstream, sums)
                back = tf.nn.conv2d_transpose(
                    ratios, positive, tf.shape(x), 1, padding
                )
                return x * back

            return outputs, backward

        return excited(inputs)


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


def score_one_view(
    network: keras.Model, contrastive: bool
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Makes the function from network input to winning probabilities.

    Args:
      network: The VGG16 classifier, built of `ExcitationConv2D`.
      contrastive: As of `probabilities`; negative differences become zero.

    Returns:
      A function from [1, rows, columns, 3] float32 BGR minus the mean and [K]
      int32 indices of objects to [K, rows / STRIDE, columns / STRIDE] float32
      probabilities, not negative, and [num_objects] float32 logits.
    """
    names = (LAYER, FEATURES)
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
        return tf.nn.relu(tf.reduce_sum(found, -1)), logits[0]

    return score
