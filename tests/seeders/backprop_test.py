"""Vanilla and guided back-propagation, and what all methods share."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from classifier_samples import OBJECTS, SIZE, classifier, inputs, photograph

from guided_segmentation import artifacts, images, provenance
from guided_segmentation.networks import builders, gap, weights
from guided_segmentation.seeders import backprop

every_method = pytest.mark.parametrize("method", backprop.METHODS)


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
    """Reflection at the border counts some pixels twice."""
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
def test_a_trained_classifier_is_loaded_with_the_layers_of_a_method(
    method, tmp_path
):
    spec = {"name": "vgg16", "num_objects": 3, "width_multiplier": 1 / 16}
    spec |= {"head_channels": 8, "score_init_stddev": 0.1}
    network = builders.build(spec)
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, {"network": spec})
    with_layers, _ = weights.load_trained(tmp_path, **backprop.METHODS[method])
    found, vanilla = (
        backprop.seeder(n, SIZE, method)(photograph(), OBJECTS[:1])[0].numpy()
        for n in (with_layers, network)
    )
    same = np.allclose(found, vanilla, rtol=1e-3, atol=1e-9)
    assert same == (method == "vanilla")


def test_the_largest_absolute_gradient_over_the_colours_by_hand():
    gradients = tf.constant([[[[1.0, -3, 2], [0.5, 0.25, 0]]]])
    np.testing.assert_array_equal(backprop.saliency(gradients), [[[3.0, 0.5]]])


def test_a_guided_relu_passes_positive_gradients_of_positive_outputs_by_hand():
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
    """Of the colour with the largest slope, at the pixel of the maximum."""
    network = classifier("vanilla")
    noise = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3))
    image = noise.astype(np.uint8)  # Without ties in max pooling.
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
