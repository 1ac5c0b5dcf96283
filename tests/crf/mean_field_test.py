"""The mean field in TensorFlow, beside float64 and beside pydensecrf."""

import dataclasses

import exact_crf
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from guided_segmentation import crf
from guided_segmentation.crf import mean_field

SETTINGS = {
    "v1": crf.SEC,
    "v1_at_cells": crf.SEC.shrunk(12),
    "v2_at_cells": crf.DEEPLAB.shrunk(12),
    "near_alone": crf.CrfSettings(bilateral_weight=0),
    "alike_alone": crf.CrfSettings(gaussian_weight=0),
}
every_crf = pytest.mark.parametrize(
    "chosen", SETTINGS.values(), ids=SETTINGS.keys()
)


def random_batch(seed=0, batch=2, size=(9, 12), num_classes=4, lean=0.5):
    """Two soft colours with noise, and energies that lean to a side."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 30, (batch, *size, 3), np.uint8) + 60
    image[:, :, size[1] // 2 :] += 90
    energy = random.normal(0, 1, (batch, *size, num_classes))
    energy[:, :, : size[1] // 2, 0] -= lean
    energy[:, :, size[1] // 2 :, 1] -= lean
    return image, energy.astype(np.float32)


def exactly(image, energy, chosen):
    return np.stack(
        [
            exact_crf.mean_field(*pair, chosen).reshape(pair[1].shape)
            for pair in zip(image, energy, strict=True)
        ]
    )


@every_crf
@pytest.mark.parametrize("seed", range(3))
def test_it_equals_a_mean_field_in_float64(seed, chosen):
    image, energy = random_batch(seed)
    found = mean_field.infer(image, energy, chosen)
    np.testing.assert_allclose(found, exactly(image, energy, chosen), atol=2e-5)


def test_colours_may_be_anything_and_images_of_the_size_of_training():
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (1, 41, 41, 3), np.uint8)
    energy = random.normal(0, 2, (1, 41, 41, 21)).astype(np.float32)
    chosen = crf.SEC.shrunk(12)
    found = mean_field.infer(image, energy, chosen)
    np.testing.assert_allclose(found, exactly(image, energy, chosen), atol=2e-5)


@every_crf
@pytest.mark.parametrize("seed", range(3))
def test_a_step_of_pydensecrf_is_close(seed, chosen):
    """To within 0.1 at any pixel and 0.007 on average: its filter's error."""
    image, energy = random_batch(seed, batch=1, size=(16, 20))
    once = dataclasses.replace(chosen, num_steps=1)
    found = mean_field.infer(image, energy, once)[0].numpy()
    error = np.abs(found - crf.infer(image[0], energy[0], once))
    assert error.max() < 0.1
    assert error.mean() < 0.007
    assert np.abs(found - softmax(-energy[0], axis=2)).mean() > 0.02


@every_crf
@pytest.mark.parametrize("seed", range(3))
def test_pydensecrf_is_close_after_all_steps_if_the_energies_are_strong(
    seed, chosen
):
    """With weak energies, errors grow from step to step."""
    image, energy = random_batch(seed, batch=1, size=(16, 20), lean=4)
    found = mean_field.infer(image, energy, chosen)[0].numpy()
    near = crf.infer(image[0], energy[0], chosen)
    np.testing.assert_allclose(found, near, atol=0.02)
    assert np.abs(found - softmax(-energy[0], axis=2)).max() > 0.3


def test_a_shrunk_crf_equals_the_crf_on_a_subsampled_photograph():
    """Every third pixel is a node; there are no others."""
    image, energy = random_batch(batch=1, size=(24, 30))
    some = np.zeros((24, 30), bool)
    some[::3, ::3] = True
    expected = exact_crf.mean_field(image[0], energy[0], crf.SEC, some)
    found = mean_field.infer(
        image[:, ::3, ::3], energy[:, ::3, ::3], crf.SEC.shrunk(3)
    )
    np.testing.assert_allclose(tf.reshape(found, [80, 4]), expected, atol=2e-5)


def test_images_of_a_batch_are_independent():
    image, energy = random_batch(batch=3)
    whole = mean_field.infer(image, energy, crf.SEC)
    for index in range(3):
        alone = mean_field.infer(
            image[index : index + 1], energy[index : index + 1], crf.SEC
        )
        np.testing.assert_allclose(whole[index], alone[0], atol=1e-6)


@pytest.mark.parametrize("num_steps", [0, 1, 10])
def test_without_edges_it_is_the_softmax(num_steps):
    image, energy = random_batch()
    without = crf.CrfSettings(
        bilateral_weight=0, gaussian_weight=0, num_steps=num_steps
    )
    np.testing.assert_allclose(
        mean_field.infer(image, energy, without),
        tf.nn.softmax(-energy),
        atol=1e-6,
    )


def test_two_pixels_worked_by_hand():
    """A kernel of e^-1/2 at one pixel's distance; one step; two classes."""
    chosen = crf.CrfSettings(
        bilateral_weight=0, gaussian_weight=2, gaussian_xy_px=1, num_steps=1
    )
    image = np.zeros((1, 1, 2, 3), np.uint8)
    energy = np.array([[[[0, 1], [0, 0]]]], np.float32)
    near = np.exp(-0.5) / (1 + np.exp(-0.5))  # Of both; with itself the rest.
    first = 1 / (1 + np.exp(-1))
    gap = 2 * ((1 - near) * (2 * first - 1))  # The other leans nowhere.
    found = mean_field.infer(image, energy, chosen).numpy()
    assert found[0, 0, 0, 0] == pytest.approx(1 / (1 + np.exp(-gap - 1)))
    gap = 2 * near * (2 * first - 1)
    assert found[0, 0, 1, 0] == pytest.approx(1 / (1 + np.exp(-gap)))


@every_crf
def test_gradients_through_all_steps_are_those_of_small_changes(chosen):
    """Central differences of float64."""
    image, energy = random_batch(batch=1, size=(3, 4), num_classes=3)
    random = np.random.default_rng(1)
    direction = random.normal(size=energy.shape)
    weight = random.normal(size=energy.shape)
    energy = tf.constant(energy)
    with tf.GradientTape() as tape:
        tape.watch(energy)
        found = mean_field.infer(image, energy, chosen)
        total = tf.reduce_sum(found * weight.astype(np.float32))
    gradient = tape.gradient(total, energy).numpy()
    step = 1e-5
    ahead, behind = (
        exactly(image, energy.numpy() + change, chosen)
        for change in (step * direction, -step * direction)
    )
    expected = ((ahead - behind) * weight).sum() / (2 * step)
    assert (gradient * direction).sum() == pytest.approx(
        expected, rel=1e-3, abs=1e-5
    )


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    order=st.permutations(range(4)),
    shift=st.floats(-20, 20),
)
def test_the_order_of_classes_and_a_common_energy_change_nothing(
    seed, order, shift
):
    image, energy = random_batch(seed, batch=1, size=(5, 6))
    order = list(order)
    other = mean_field.infer(
        image, energy[..., order] + np.float32(shift), crf.SEC
    )
    found = mean_field.infer(image, energy, crf.SEC).numpy()
    np.testing.assert_allclose(other, found[..., order], atol=1e-4)


def test_it_is_a_graph_without_python_for_batches_of_any_size():
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 5, 6, 3], tf.uint8),
            tf.TensorSpec([None, 5, 6, 4]),
        ]
    )
    def infer(image, energy):
        return mean_field.infer(image, energy, crf.SEC)

    graph = infer.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node]
    for function in graph.library.function:
        nodes += function.node_def
    assert not {node.op for node in nodes} & {"PyFunc", "EagerPyFunc"}
    for batch in (1, 3):
        image, energy = random_batch(batch=batch, size=(5, 6))
        np.testing.assert_allclose(
            infer(image, energy),
            mean_field.infer(image, energy, crf.SEC),
            atol=1e-6,
        )
