"""Winning probabilities by hand, and their sums on whole networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from classifier_samples import OBJECTS, SIZE, classifier, inputs, photograph

from guided_segmentation.seeders import backprop, excitation


def test_the_classifiers_map_sums_to_one():
    """Biases are zero in a new network, so no probability is lost."""
    network = classifier("excitation")
    seeder = backprop.seeder(network, SIZE, "excitation", blur_px=0.0)
    names = [excitation.LAYER, excitation.FEATURES]
    parts = keras.Model(
        network.input, [network.get_layer(name).output for name in names]
    )
    last_weights = network.get_layer(excitation.SCORE).weights[0]
    x = inputs()
    with tf.GradientTape() as tape:
        tape.watch(x)
        pool4, features = parts(x)
    start = excitation.probabilities(
        features[0], tf.convert_to_tensor(last_weights)[0, 0, :, :1]
    )
    found = tape.gradient(features, pool4, start[None, ..., 0])
    assert float(tf.reduce_sum(found)) == pytest.approx(1, rel=1e-4)
    cells = tf.reduce_sum(found, -1)[0].numpy()
    maps, _ = seeder(photograph(), OBJECTS[:1])
    assert float(maps.numpy().max()) == pytest.approx(cells.max(), rel=0.5)


def test_probabilities_of_the_last_layer_by_hand():
    """Features 1, 2 and 3, 4 with weights 5 and -6 contribute 5 and 15."""
    features = tf.constant([[[1.0, 2.0], [3.0, 4.0]]])
    last_weights = tf.constant([[5.0], [-6.0]])
    found = excitation.probabilities(features, last_weights)[..., 0]
    np.testing.assert_allclose(found, [[[0.25, 0], [0.75, 0]]], rtol=1e-6)


def test_contrast_subtracts_probabilities_of_negated_weights_by_hand():
    features = tf.constant([[[1.0, 2.0], [3.0, 4.0]]])
    last_weights = tf.constant([[5.0], [-6.0]])
    found = excitation.probabilities(features, last_weights, contrastive=True)[
        ..., 0
    ]
    np.testing.assert_allclose(
        found, [[[0.25, -1 / 3], [0.75, -2 / 3]]], rtol=1e-6
    )


def test_without_a_positive_weight_all_probabilities_are_zero():
    features = tf.ones([1, 2, 1])
    last_weights = tf.constant([[-1.0]])
    assert not excitation.probabilities(features, last_weights).numpy().any()


def test_contrastive_maps_are_smaller_and_not_negative():
    network = classifier("excitation")
    plain, contrasted = (
        backprop.seeder(network, SIZE, "excitation", contrastive=contrastive)(
            photograph(), OBJECTS
        )[0].numpy()
        for contrastive in (False, True)
    )
    assert contrasted.min() >= 0
    assert (contrasted.sum((0, 1)) < plain.sum((0, 1))).all()


def test_the_image_gets_probability_by_hand():
    """Contributions of 2 * 3, -4 * -1 and 5 * -7: 6 and 4 of 10."""
    image = tf.reshape([2.0, -4.0, 5.0], [1, 1, 1, 3])
    kernel = tf.reshape([3.0, -1.0, -7.0], [1, 1, 3, 1])
    upstream = tf.reshape([1.0, 0.5], [2, 1, 1, 1])
    found = excitation.image_probabilities(image, kernel, upstream)
    np.testing.assert_allclose(
        found[:, 0, 0], [[0.6, 0.4, 0], [0.3, 0.2, 0]], rtol=1e-6
    )


def test_without_negative_values_the_image_gets_what_layers_above_get():
    layer = excitation.convolution(6, 3, padding="same")
    x = tf.random.stateless_uniform([1, 7, 9, 3], [0, 0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    upstream = tf.random.stateless_uniform(y.shape, [0, 1])
    wanted = tape.gradient(y, x, upstream)
    kernel = tf.convert_to_tensor(layer.weights[0])
    found = excitation.image_probabilities(x, kernel, upstream)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_probability_that_reaches_the_image_sums_to_one():
    """Every output of the first layer has a positive contribution."""
    image = tf.random.stateless_normal([1, 7, 9, 3], [0, 0])
    kernel = tf.random.stateless_normal([3, 3, 3, 8], [0, 1])
    upstream = tf.random.stateless_uniform([2, 7, 9, 8], [0, 2])
    upstream /= tf.reduce_sum(upstream, [1, 2, 3], keepdims=True)
    found = excitation.image_probabilities(image, kernel, upstream)
    assert float(tf.reduce_min(found)) >= 0
    np.testing.assert_allclose(
        tf.reduce_sum(found, [1, 2, 3]), [1, 1], rtol=1e-4
    )


@pytest.mark.parametrize("contrastive", [False, True])
def test_maps_read_at_the_image_have_its_details(contrastive):
    """A cell of pool4 is 16 pixels of the network's input wide."""
    network = classifier("excitation")
    pool4, image = (
        backprop.seeder(
            network,
            SIZE,
            "excitation",
            blur_px=0.0,
            contrastive=contrastive,
            excitation_layer=layer,
        )(photograph(SIZE, SIZE), OBJECTS)[0].numpy()
        for layer in ("pool4", "image")
    )
    assert pool4.shape == image.shape == (SIZE, SIZE, 3)
    assert image.min() >= 0
    assert image.max() > 0
    roughness = [
        np.abs(np.diff(each, axis=0)).mean() / each.mean()
        for each in (pool4, image)
    ]
    assert roughness[1] > 3 * roughness[0]


def test_maps_read_at_the_image_work_in_low_precision_and_for_no_object():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    seeder = backprop.seeder(
        classifier("excitation"), SIZE, "excitation", excitation_layer="image"
    )
    maps, _ = seeder(photograph(), OBJECTS[:1])
    assert maps.dtype == tf.float32
    assert np.isfinite(maps).all()
    assert maps.numpy().max() > 0
    assert seeder(photograph(), OBJECTS[:0])[0].shape == (40, 65, 0)
