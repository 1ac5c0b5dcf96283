import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import deeplab_v1, gap, weights
from guided_segmentation.training import optimizers

PAPER = optimizers.OptimizerSettings()


def caffe(start, gradients, rates, settings):
    """Caffe's SGDSolver in float64: V = mu V + lr (clipped g + decay W)."""
    values = [value.astype(np.float64) for value in start]
    history = [np.zeros_like(value) for value in values]
    for step, of_step in enumerate(gradients):
        rate = settings.learning_rate * 0.1 ** (step // settings.lr_decay_steps)
        norm = np.sqrt(sum((gradient**2).sum() for gradient in of_step))
        scale = 1.0
        if settings.clip_norm and norm > settings.clip_norm:
            scale = settings.clip_norm / norm
        for index, (lr_mult, decay_mult) in enumerate(rates):
            decay = settings.weight_decay * decay_mult * values[index]
            update = rate * lr_mult * (scale * of_step[index] + decay)
            history[index] = settings.momentum * history[index] + update
            values[index] = values[index] - history[index]
    return values


def ours(network, gradients, settings):
    """The same updates by optimizers."""
    variables = network.trainable_variables
    optimizer = optimizers.LayerwiseOptimizer(network, settings, len(gradients))
    for of_step in gradients:
        of_step = [tf.constant(gradient, tf.float32) for gradient in of_step]
        optimizer.apply(of_step, variables)
    return weights.to_dict(network)


def two_layers():
    image = keras.Input([5, 5, 2])
    x = keras.layers.Conv2D(3, 3, name="conv1_1")(image)
    return keras.Model(image, keras.layers.Conv2D(2, 1, name="fc8")(x))


def test_the_defaults_are_the_papers():
    assert dataclasses.asdict(PAPER) == {
        "algorithm": "sgd",
        "learning_rate": 1e-3,
        "schedule": "step",
        "lr_decay_steps": 2000,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "head_lr_multiplier": 10.0,
        "head_layers": ("score", "fc8"),
        "clip_norm": 0.0,
    }


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 1e-3), (1999, 1e-3), (2000, 1e-4), (3999, 1e-4), (7999, 1e-6)],
)
def test_the_learning_rate_drops_to_a_tenth_at_each_multiple(step, expected):
    rate = float(optimizers.learning_rate(PAPER, 8000)(step))
    assert rate == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("step", [0, 1, 10_000, 19_999, 20_000])
def test_poly_falls_to_zero_at_the_last_step(step):
    settings = optimizers.OptimizerSettings(
        schedule="poly", learning_rate=2.5e-4
    )
    rate = float(optimizers.learning_rate(settings, 20_000)(step))
    expected = 2.5e-4 * (1 - step / 20_000) ** 0.9
    assert rate == pytest.approx(expected, rel=1e-3, abs=1e-12)


def test_an_unknown_schedule_is_named_with_the_known_ones():
    settings = optimizers.OptimizerSettings(schedule="cosine")
    with pytest.raises(
        ValueError,
        match=r"no schedule 'cosine'; it is one of \('step', 'poly'\)",
    ):
        optimizers.build(settings, 10)


def test_an_unknown_algorithm_is_named_with_the_known_ones():
    settings = optimizers.OptimizerSettings(algorithm="lion")
    with pytest.raises(
        ValueError, match=r"no algorithm 'lion'; it is one of \('sgd', 'adam'\)"
    ):
        optimizers.build(settings, 10)


@pytest.mark.parametrize("algorithm", optimizers.ALGORITHMS)
def test_every_algorithm_that_is_listed_exists(algorithm):
    settings = optimizers.OptimizerSettings(algorithm=algorithm)
    built = optimizers.build(settings, 10)
    assert type(built).__name__.lower() == algorithm


def test_the_first_step_of_adam_is_the_learning_rate_of_the_layer():
    """However steep the gradient."""
    network = two_layers()
    start = [np.asarray(v) for v in network.trainable_variables]
    gradients = [[np.full(value.shape, 7.0) for value in start]]
    settings = optimizers.OptimizerSettings(algorithm="adam", weight_decay=0.0)
    after = ours(network, gradients, settings).values()
    for before, value, rate in zip(start, after, (1, 2, 10, 20), strict=True):
        np.testing.assert_allclose(before - value, rate * 1e-3, rtol=1e-3)


def test_every_schedule_that_is_listed_exists():
    for schedule in optimizers.SCHEDULES:
        optimizers.build(optimizers.OptimizerSettings(schedule=schedule), 10)


def test_multipliers_of_the_segmenter_are_those_of_the_release():
    network = deeplab_v1.large_fov(2, 1 / 64, 1)
    rates = optimizers.multipliers(network, PAPER)
    names = [
        f"{layer.name} {variable.name.split('/')[-1].split(':')[0]}"
        for layer in network.layers
        for variable in layer.trainable_weights
    ]
    table = dict(zip(names, rates, strict=True))
    assert table["conv1_1 kernel"] == table["fc6 kernel"] == (1, 1)
    assert table["conv5_3 bias"] == table["fc7 bias"] == (2, 0)
    assert table["fc8 kernel"] == (10, 1)
    assert table["fc8 bias"] == (20, 0)


def test_multipliers_of_the_seeder_are_ten_for_its_output_layer_alone():
    rates = optimizers.multipliers(
        gap.build("gap_highres", 2, 1 / 64, 1), PAPER
    )
    assert rates == 15 * [(1, 1), (2, 0)] + [(10, 1)]


def test_frozen_layers_have_no_multipliers():
    network = deeplab_v1.large_fov(2, 1 / 64, 1)
    network.get_layer("conv1_1").trainable = False
    rates = optimizers.multipliers(network, PAPER)
    assert len(rates) == len(network.trainable_variables) == 30


@pytest.mark.parametrize("clip_norm", [0.0, 3.0])
def test_updates_are_caffes_across_a_drop_of_the_learning_rate(clip_norm):
    settings = optimizers.OptimizerSettings(
        learning_rate=0.02,
        lr_decay_steps=3,
        weight_decay=0.1,
        clip_norm=clip_norm,
    )
    network = two_layers()
    start = [np.asarray(v) for v in network.trainable_variables]
    random = np.random.default_rng(0)
    shapes = [value.shape for value in start]
    gradients = [[random.normal(size=s) for s in shapes] for _ in range(8)]
    rates = [(1, 1), (2, 0), (10, 1), (20, 0)]
    expected = caffe(start, gradients, rates, settings)
    after = ours(network, gradients, settings)
    for before, value, reference in zip(
        start, after.values(), expected, strict=True
    ):
        assert np.abs(before - reference).max() > 0.01
        np.testing.assert_allclose(value, reference, rtol=1e-5, atol=1e-6)


def test_a_gradient_below_the_maximum_norm_is_not_clipped():
    start = two_layers().get_weights()

    def after(clip_norm):
        network = two_layers()
        network.set_weights(start)
        gradients = [[np.full(value.shape, 0.01) for value in start]]
        settings = optimizers.OptimizerSettings(clip_norm=clip_norm)
        return ours(network, gradients, settings).values()

    for one, other in zip(after(0.0), after(1.0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_the_optimizers_of_a_checkpoint_are_named_by_their_multiplier():
    optimizer = optimizers.LayerwiseOptimizer(two_layers(), PAPER, 10)
    assert list(optimizer.by_multiplier) == ["1", "2", "10", "20"]


def test_a_multiplier_of_many_digits_still_steps():
    network = two_layers()
    start = [np.asarray(v) for v in network.trainable_variables]
    gradients = [[np.full(value.shape, 7.0) for value in start]]
    settings = optimizers.OptimizerSettings(
        head_lr_multiplier=10 / 3, weight_decay=0.0
    )
    after = ours(network, gradients, settings).values()
    rates = (1, 2, 10 / 3, 20 / 3)
    for before, value, rate in zip(start, after, rates, strict=True):
        np.testing.assert_allclose(before - value, rate * 7e-3, rtol=1e-3)
