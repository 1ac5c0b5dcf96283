"""Each rule by hand, and the identities of the methods on whole networks."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import artifacts, images, provenance
from guided_segmentation.networks import builders, gap, vgg16, weights
from guided_segmentation.seeders import backprop

SIZE = 193
OBJECTS = np.arange(3, dtype=np.int32)
every_method = pytest.mark.parametrize("method", backprop.METHODS)


def classifier(method, **arguments):
    """The same thin network, with the rules of a method."""
    keras.utils.set_random_seed(0)
    sizes = {
        "width_multiplier": 1 / 16,
        "head_channels": 8,
        "score_init_stddev": 0.1,
    }
    rules = backprop.METHODS[method]
    return vgg16.classifier(3, **sizes, **rules, **arguments)


def photograph(height=40, width=65):
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    large = tf.image.resize(noise, [height, width], "nearest")
    return tf.cast(large, tf.uint8)


def inputs():
    framed = images.frame(photograph(), SIZE, "whole")
    return images.subtract_mean(framed.pixels)[None]


# What all methods share.


@every_method
def test_no_method_changes_the_forward_pass(method):
    expected = classifier("vanilla")(inputs())
    assert np.ptp(expected) > 0
    found = classifier(method)(inputs())
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@every_method
def test_a_seeder_gives_maps_at_the_photographs_size_and_logits(method):
    network = classifier(method)
    maps, logits = backprop.seeder(network, SIZE, method)(photograph(), OBJECTS)
    assert maps.shape == (40, 65, 3)
    assert maps.dtype == logits.dtype == tf.float32
    assert maps.numpy().min() >= 0
    assert maps.numpy().max((0, 1)).min() > 0
    np.testing.assert_allclose(logits, network(inputs())[0], rtol=1e-4)


@every_method
def test_only_the_objects_asked_for_get_score_maps(method):
    seeder = backprop.seeder(classifier(method), SIZE, method)
    all_maps, logits = seeder(photograph(), OBJECTS)
    maps, _ = seeder(photograph(), OBJECTS[[2, 0]])
    np.testing.assert_allclose(maps, all_maps.numpy()[..., [2, 0]], rtol=1e-4)
    assert np.abs(maps[..., 0] - maps[..., 1]).max() > 0
    none, same = seeder(photograph(), OBJECTS[:0])
    assert none.shape == (40, 65, 0)
    np.testing.assert_array_equal(same, logits)


@every_method
def test_smoothing_keeps_the_mean_and_lowers_the_peak(method):
    """Reflection at the border keeps the mass up to what it doubles."""
    network = classifier(method)
    sharp, smooth = (
        backprop.seeder(network, SIZE, method, blur_px=px)(
            photograph(SIZE, SIZE), OBJECTS
        )[0].numpy()
        for px in (0.0, 16.0)
    )
    np.testing.assert_allclose(smooth.mean(), sharp.mean(), rtol=0.2)
    assert (smooth.max((0, 1)) < sharp.max((0, 1))).all()


@every_method
def test_methods_work_in_low_precision(method):
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    seeder = backprop.seeder(classifier(method), SIZE, method)
    maps, logits = seeder(photograph(), OBJECTS[:1])
    assert maps.dtype == logits.dtype == tf.float32
    assert np.isfinite(maps).all()
    assert maps.numpy().max() > 0


def test_a_network_that_is_not_the_classifier_is_refused():
    network = gap.build("gap_lowres", 2, 1 / 64, 1)
    with pytest.raises(
        ValueError,
        match=r"wanted the classifier \(vgg16\), found gap_lowres; name the",
    ):
        backprop.seeder(network, SIZE, "vanilla")


@pytest.mark.parametrize("method", ["vanilla", "guided"])
def test_only_excitation_is_contrastive(method):
    with pytest.raises(
        ValueError, match=f"wanted excitation for a .* seeder, found {method}"
    ):
        backprop.seeder(classifier(method), SIZE, method, contrastive=True)


@every_method
def test_a_trained_classifier_is_loaded_with_the_rules(method, tmp_path):
    spec = {"name": "vgg16", "num_objects": 3, "width_multiplier": 1 / 16}
    spec |= {"head_channels": 8, "score_init_stddev": 0.1}
    network = builders.build(spec)
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, {"network": spec})
    ruled, _ = weights.load_trained(tmp_path, **backprop.METHODS[method])
    found, kernel = (
        backprop.seeder(n, SIZE, method)(photograph(), OBJECTS[:1])[0].numpy()
        for n in (ruled, network)
    )
    same = np.allclose(found, kernel, rtol=1e-3, atol=1e-9)
    assert same == (method == "vanilla")


# Vanilla and guided.


def test_the_largest_absolute_gradient_over_the_colours_by_hand():
    gradients = tf.constant([[[[1.0, -3, 2], [0.5, 0.25, 0]]]])
    np.testing.assert_array_equal(backprop.saliency(gradients), [[[3.0, 0.5]]])


def test_a_guided_relu_passes_what_argues_for_and_is_on_by_hand():
    x = tf.constant([-1.0, 2.0, 3.0, -4.0, 5.0])
    upstream = tf.constant([1.0, -1.0, 1.0, -1.0, 7.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = backprop.guided_relu(x)
    np.testing.assert_array_equal(y, [0, 2, 3, 0, 5])
    np.testing.assert_array_equal(
        tape.gradient(y, x, upstream), [0, 0, 1, 0, 7]
    )


def test_vanilla_maps_are_finite_differences():
    """The steepest colour of a pixel, at a pixel of the input."""
    network = classifier("vanilla")
    noise = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3))
    image = noise.astype(np.uint8)  # No two pixels tie in a pool.
    maps, _ = backprop.seeder(network, SIZE, "vanilla", blur_px=0.0)(
        image, OBJECTS[:1]
    )
    row, column = np.unravel_index(np.argmax(maps[..., 0]), (SIZE, SIZE))
    x = images.subtract_mean(image)[None].numpy()
    slopes = []
    for colour in range(3):
        ends = []
        for step in (-0.1, 0.1):
            moved = x.copy()
            moved[0, row, column, colour] += step
            ends.append(network(moved)[0, 0].numpy())
        slopes.append(abs(ends[1] - ends[0]) / 0.2)
    assert max(slopes) == pytest.approx(float(maps[row, column, 0]), rel=0.05)


# Excitation.


def chain(depth=3):
    """Excitation convolutions without biases, on features of 4 channels."""
    keras.utils.set_random_seed(1)
    features = keras.Input([None, None, 4])
    x, outputs = features, []
    for index in range(depth):
        x = backprop.ExcitationConv2D(
            6, 3, padding="same", activation="relu", name=f"c{index}"
        )(x)
        x = vgg16.pool_2x2(x, f"p{index}")
        outputs.append(x)
    return keras.Model(features, outputs)


def test_a_layer_shares_probability_by_hand():
    """Inputs 1 and 3 with weights 2 and 1 add 2 and 3; -5 adds nothing."""
    layer = backprop.ExcitationConv2D(1, 1)
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


def test_what_only_a_bias_excites_loses_its_probability():
    layer = backprop.ExcitationConv2D(1, 1)
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


def test_the_classifiers_map_sums_to_one():
    """Biases are zero as in a fresh network, so none loses any."""
    network = classifier("excitation")
    seeder = backprop.seeder(network, SIZE, "excitation", blur_px=0.0)
    names = [backprop.READ_AT, backprop.FEATURES]
    parts = keras.Model(
        network.input, [network.get_layer(name).output for name in names]
    )
    votes = network.get_layer(backprop.VOTES).weights[0]
    x = inputs()
    with tf.GradientTape() as tape:
        tape.watch(x)
        pool4, features = parts(x)
    start = backprop.excitation(
        features[0], tf.convert_to_tensor(votes)[0, 0, :, :1]
    )
    found = tape.gradient(features, pool4, start[None, ..., 0])
    assert float(tf.reduce_sum(found)) == pytest.approx(1, rel=1e-4)
    cells = tf.reduce_sum(found, -1)[0].numpy()
    maps, _ = seeder(photograph(), OBJECTS[:1])
    assert float(maps.numpy().max()) == pytest.approx(cells.max(), rel=0.5)


def test_the_last_layer_by_hand():
    """Features 1, 2 and 3, 4 with votes 5 and -6: 5 and 15 of 20 count."""
    features = tf.constant([[[1.0, 2.0], [3.0, 4.0]]])
    votes = tf.constant([[5.0], [-6.0]])
    found = backprop.excitation(features, votes)[..., 0]
    np.testing.assert_allclose(found, [[[0.25, 0], [0.75, 0]]], rtol=1e-6)


def test_contrast_takes_away_what_votes_against_by_hand():
    features = tf.constant([[[1.0, 2.0], [3.0, 4.0]]])
    votes = tf.constant([[5.0], [-6.0]])
    found = backprop.excitation(features, votes, contrastive=True)[..., 0]
    np.testing.assert_allclose(
        found, [[[0.25, -1 / 3], [0.75, -2 / 3]]], rtol=1e-6
    )


def test_without_a_vote_there_is_no_probability():
    features = tf.ones([1, 2, 1])
    votes = tf.constant([[-1.0]])
    assert not backprop.excitation(features, votes).numpy().any()


def test_contrast_changes_the_map_and_leaves_it_positive():
    network = classifier("excitation")
    plain, contrasted = (
        backprop.seeder(network, SIZE, "excitation", contrastive=contrastive)(
            photograph(), OBJECTS
        )[0].numpy()
        for contrastive in (False, True)
    )
    assert contrasted.min() >= 0
    assert (contrasted.sum((0, 1)) < plain.sum((0, 1))).all()
