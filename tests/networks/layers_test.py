import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import layers

ONES = tf.ones([3, 20, 30, 4])
SEEDS = tf.constant([[7, 0], [7, 1], [8, 0]])


def thinned(inputs=ONES, seeds=SEEDS, rate=0.5, name="drop_fc6"):
    with layers.example_seeds(seeds):
        layer = layers.ExampleDropout(rate, name=name)
        return layer(inputs, training=True).numpy()


def test_noise_depends_on_the_example_and_not_on_its_place():
    whole = thinned()
    for place in range(3):
        alone = thinned(ONES[:1], SEEDS[place : place + 1])
        np.testing.assert_array_equal(alone[0], whole[place])
    assert len({example.tobytes() for example in whole}) == 3


def test_noise_depends_on_the_layer():
    assert (thinned(name="drop_fc6") != thinned(name="drop_fc7")).any()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_the_dropped_fraction_is_the_rate_and_the_mean_stays(rate):
    result = thinned(rate=rate)
    kept = result != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.02)
    np.testing.assert_allclose(result[kept], 1 / (1 - rate), rtol=1e-6)
    assert result.mean() == pytest.approx(1, abs=0.05)


def test_nothing_is_dropped_outside_training_or_at_rate_zero():
    layer = layers.ExampleDropout(0.5)
    np.testing.assert_array_equal(layer(ONES), ONES)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    np.testing.assert_array_equal(thinned(rate=0), ONES)


def test_training_without_seeds_says_what_to_do():
    layer = layers.ExampleDropout(0.5, name="drop_fc6")
    with pytest.raises(
        ValueError,
        match=r"drop_fc6: training needs the examples' seeds; call the "
        r"network inside layers\.example_seeds",
    ):
        layer(ONES, training=True)


def test_seeds_are_forgotten_after_an_error():
    with pytest.raises(KeyError), layers.example_seeds(SEEDS):
        raise KeyError
    with pytest.raises(ValueError, match="training needs"):
        layers.ExampleDropout(0.5)(ONES, training=True)


def test_low_precision_drops_the_same_activations():
    low = thinned(tf.cast(ONES, tf.bfloat16)).astype(np.float32)
    np.testing.assert_array_equal(low, thinned())


def test_the_layer_is_rebuilt_from_its_configuration():
    layer = layers.ExampleDropout(0.25, name="drop_fc7")
    twin = layers.ExampleDropout.from_config(layer.get_config())
    assert (twin.rate, twin.name) == (0.25, "drop_fc7")
    image = keras.Input([4])
    network = keras.Model(image, layer(image))
    copied = keras.models.clone_model(network)
    assert copied.layers[-1].rate == 0.25


def test_a_network_in_training_drops_and_in_prediction_does_not():
    image = keras.Input([20, 30, 4])
    network = keras.Model(
        image, layers.ExampleDropout(0.5, name="drop_fc6")(image)
    )
    with layers.example_seeds(SEEDS):
        np.testing.assert_array_equal(network(ONES, training=True), thinned())
    np.testing.assert_array_equal(network(ONES, training=False), ONES)


def test_each_replica_uses_the_seeds_of_its_own_examples(two_cpus):
    layer = layers.ExampleDropout(0.5, name="drop_fc6")
    batch = tf.data.Dataset.from_tensors((ONES[:2], SEEDS[:2])).unbatch()
    batches = two_cpus.experimental_distribute_dataset(batch.batch(2))

    def step(inputs, seeds):
        with layers.example_seeds(seeds):
            return layer(inputs, training=True)

    @tf.function
    def run(batch):
        return two_cpus.run(step, args=batch)

    parts = two_cpus.experimental_local_results(run(next(iter(batches))))
    np.testing.assert_array_equal(tf.concat(parts, 0), thinned()[:2])
