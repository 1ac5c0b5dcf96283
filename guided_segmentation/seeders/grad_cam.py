"""Grad-CAM: class activation maps of the VGG16 classifier. Not in the paper.

Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via
gradient-based localization", ICCV 2017, equations 1 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from guided_segmentation.seeders import backprop, views

LAYER = "conv5_3"
STRIDE, ORIGIN = 16, 7.5  # Of its cells, in pixels of the network input.


def score_maps(features: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Returns the ReLU of the feature maps, weighted by their mean gradients.

    Args:
      features: [..., rows, columns, channels] float32.
      gradients: [K, ..., rows, columns, channels] float32, of each object's
        logit with respect to `features`.

    Returns:
      [..., rows, columns, K] float32, not negative.
    """
    weights = tf.reduce_mean(gradients, [-3, -2])
    return tf.nn.relu(tf.einsum("...hwc,k...c->...hwk", features, weights))


def seeder(
    network: keras.Model,
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> views.Seeder:
    """Makes the Grad-CAM seeder of the classifier.

    Args:
      network: The VGG16 classifier, as networks.weights.load_trained returns
        it.
      size: Network input size in pixels.
      scales: As of `views.averaged`.
      flip: As of `views.averaged`.

    Returns:
      A seeder; score maps are not negative.

    Raises:
      ValueError: If the network is not the classifier.
    """
    backprop.require_classifier(network)
    outputs = [network.get_layer(LAYER).output, network.output]
    parts = keras.Model(network.input, outputs)

    def forward(inputs):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            features, logits = parts(inputs, training=False)

        def score(objects):
            gradients = views.per_object(
                tape,
                logits,
                features,
                views.logit_weights(logits, objects),
                tf.shape(objects)[1],
            )
            return score_maps(tf.cast(features, tf.float32), gradients)

        return logits, score

    return views.averaged(
        forward, size, scales, flip, stride=STRIDE, origin=ORIGIN
    )
