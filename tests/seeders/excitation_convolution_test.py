"""Winning probabilities of a layer by hand, and their sums."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import vgg16
from guided_segmentation.seeders.excitation_convolution import ExcitationConv2D


def chain(depth=3):
    """Returns excitation convolutions of zero biases, on 4 channels."""
    keras.utils.set_random_seed(1)
    features = keras.Input([None, None, 4])
    x, outputs = features, []
    for index in range(depth):
        x = ExcitationConv2D(
            6, 3, padding="same", activation="relu", name=f"c{index}"
        )(x)
        x = vgg16.pool_2x2(x, f"p{index}")
        outputs.append(x)
    return keras.Model(features, outputs)


def test_a_layer_distributes_probability_by_hand():
    """Inputs 1 and 3 with weights 2 and 1 contribute 2 and 3 of 5."""
    layer = ExcitationConv2D(1, 1)
    x = tf.reshape([1.0, 3.0, 7.0], [1, 1, 1, 3])
    layer.build(x.shape)
    layer.set_weights(
        [np.reshape([2.0, 1.0, -5.0], [1, 1, 3, 1]), np.array([40.0])]
    )
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    assert float(y[0, 0, 0, 0]) == 2 + 3 - 35 + 40
    found = tape.gradient(y, x, tf.ones_like(y))
    np.testing.assert_allclose(found[0, 0, 0], [2 / 5, 3 / 5, 0], rtol=1e-6)


def test_an_output_excited_by_its_bias_alone_loses_its_probability():
    layer = ExcitationConv2D(1, 1)
    x = tf.ones([1, 1, 1, 2])
    layer.build(x.shape)
    layer.set_weights([-np.ones([1, 1, 2, 1]), np.array([5.0])])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    assert float(y[0, 0, 0, 0]) == 3
    np.testing.assert_array_equal(
        tape.gradient(y, x, tf.ones_like(y)), tf.zeros_like(x)
    )


def test_probability_sums_to_one_at_every_layer():
    network = chain()
    x = tf.nn.relu(tf.random.stateless_normal([1, 13, 17, 4], [0, 0]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        layers = [x, *network(x)]
    top = layers[-1]
    start = top / tf.reduce_sum(top)
    for layer in layers:
        found = tape.gradient(top, layer, start)
        assert float(tf.reduce_min(found)) >= 0
        assert float(tf.reduce_sum(found)) == pytest.approx(1, rel=1e-5)
    spread = tape.gradient(top, x, start).numpy()
    assert np.count_nonzero(spread) > 20
