"""The convolution of excitation back-propagation.

Source: Zhang et al., "Top-down neural attention by excitation backprop", ECCV
2016.
"""

import keras
import tensorflow as tf


@keras.utils.register_keras_serializable("guided_segmentation")
class ExcitationConv2D(keras.layers.Conv2D):
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
