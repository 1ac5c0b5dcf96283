"""How often a step reduces over the replicas, and what it updates."""

import collections
import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import crf
from guided_segmentation.labels import IGNORE
from guided_segmentation.networks import builders, layers
from guided_segmentation.training import (
    executions,
    loss_scale,
    losses,
    optimizers,
    strategies,
    train_step,
    trainer,
)

# Parts of the batch and replicas see different numbers of labelled pixels.
TARGET = np.random.default_rng(0).integers(0, 3, (8, 2, 2), np.uint8)
TARGET[:3] = IGNORE
TARGET[5, 0] = IGNORE
BATCH = {
    "input": tf.random.stateless_normal([8, 16, 16, 3], [0, 0]),
    "target": tf.constant(TARGET),
    "seed": tf.stack([tf.range(8), tf.range(8)], axis=1),
}


def tiny(rate=0.5):
    image = keras.Input([16, 16, 3])
    conv = keras.layers.Conv2D
    x = conv(8, 3, padding="same", activation="relu", name="conv1_1")(image)
    x = keras.layers.MaxPooling2D(2, name="pool1")(x)
    x = conv(8, 4, 4, activation="relu", name="conv2_1")(x)
    x = layers.ExampleDropout(rate, name="drop")(x)
    return keras.Model(image, conv(3, 1, dtype="float32", name="fc8")(x))


def seen(image):
    """Colours at the cells of the output, for the CRF."""
    return tf.cast(100 * tf.abs(image[:, ::8, ::8]), tf.uint8)


def loss(label_map, image, logits, labelled=None, pixels=None):
    crf_loss = losses.crf_loss(seen(image), logits, crf.SEC.shrunk(12), pixels)
    return losses.pixel_loss(label_map, logits, labelled) + crf_loss


TASK = trainer.Task(
    build_network=tiny,
    make_batches=lambda _: tf.data.Dataset.from_tensors(BATCH),
    loss=loss,
    counts=lambda label_map, image: (
        losses.num_labelled(label_map, tf.float32),
        tf.size(label_map, tf.float32),
    ),
    split=builders.chain,
    input_key="input",
    target_keys=("target", "input"),
    noise_context=layers.example_seeds,
)


def step_of(
    strategy, scale=None, execution=executions.DIRECT, rate=0.5, **settings
):
    """A step of a tiny network, and the variables that it trains."""
    with strategy.scope():
        keras.utils.set_random_seed(0)
        network = tiny(rate)
        optimizer = optimizers.LayerwiseOptimizer(
            network, optimizers.OptimizerSettings(**settings), 10
        )
    step = train_step.TrainStep(
        TASK, network, optimizer, strategy, scale, execution
    )
    return step, network.trainable_variables


def batch_of(strategy):
    """The batch, divided among the replicas."""
    data = tf.data.Dataset.from_tensors(BATCH)
    return next(iter(strategies.distribute(data, strategy)))


def graph_of(strategy, **settings):
    """The graph of a step, functions that it calls included, as op names."""
    step, _ = step_of(strategy, **settings)
    batch = batch_of(strategy)
    graph = tf.function(step).get_concrete_function(batch).graph.as_graph_def()
    nodes = [*graph.node]
    for function in graph.library.function:
        nodes += function.node_def
    return collections.Counter(node.op for node in nodes)


def sums_over_replicas(strategy, **settings):
    """How often each replica takes part in a sum over all of them."""
    nodes = graph_of(strategy, **settings)
    return nodes["CollectiveReduceV2"] / strategy.num_replicas_in_sync


@pytest.mark.parametrize("clip_norm", [0.0, 1.0])
@pytest.mark.parametrize("algorithm", optimizers.ALGORITHMS)
def test_two_replicas_sum_their_gradients_once(two_cpus, algorithm, clip_norm):
    """All of them in one sum; the other is of what the loss divides by."""
    settings = {"algorithm": algorithm, "clip_norm": clip_norm}
    assert sums_over_replicas(two_cpus, **settings) == 2


def test_two_replicas_sum_scaled_gradients_once(two_cpus):
    assert sums_over_replicas(two_cpus, scale=loss_scale.LossScale()) == 2


def test_one_replica_sums_nothing():
    one = tf.distribute.MirroredStrategy(["CPU:0"])
    assert sums_over_replicas(one) == 0


def test_biases_are_not_decayed():
    """Only the three kernels are read for it: no product with 0."""
    decayed, plain = (
        graph_of(tf.distribute.get_strategy(), weight_decay=each)
        for each in (0.1, 0.0)
    )
    assert decayed["Mul"] - plain["Mul"] == 3


def trained(strategy, scale=None, num_steps=3, rate=0.5, **execution):
    """Losses of some steps, and the variables after them."""
    step, variables = step_of(
        strategy,
        scale,
        executions.Execution(**execution),
        rate,
        learning_rate=0.01,
        clip_norm=1.0,
    )
    train, batch = tf.function(step), batch_of(strategy)
    found = [float(train(batch)) for _ in range(num_steps)]
    return np.array(found), [np.asarray(each) for each in variables]


ONE = tf.distribute.OneDeviceStrategy("CPU:0")


def assert_same(one, other, tolerance):
    for mine, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(one[0], other[0], rtol=10 * tolerance)


@pytest.fixture(scope="module", name="direct")
def _direct():
    return trained(ONE)


@pytest.mark.parametrize("num_parts", [2, 4, 8])
def test_parts_of_a_batch_train_as_the_whole(direct, num_parts):
    assert_same(trained(ONE, accumulate_steps=num_parts), direct, 1e-6)


def test_parts_on_two_replicas_train_as_the_whole_on_one(direct, two_cpus):
    assert_same(trained(two_cpus, accumulate_steps=2), direct, 1e-6)


def test_parts_of_a_scaled_loss_train_as_the_whole(direct):
    scaled = trained(ONE, loss_scale.LossScale(), accumulate_steps=2)
    assert_same(scaled, direct, 1e-5)


def test_activations_that_are_computed_again_train_the_same(direct, two_cpus):
    for strategy in (ONE, two_cpus):
        assert_same(trained(strategy, recompute=True), direct, 1e-6)


def test_parts_of_a_batch_may_be_computed_again(direct):
    both = trained(ONE, recompute=True, accumulate_steps=2)
    assert_same(both, direct, 1e-6)


@pytest.fixture(scope="module", name="without_dropout")
def _without_dropout():
    """XLA draws other noise for dropout."""
    return trained(ONE, rate=0.0)


@pytest.mark.parametrize("num_parts", [1, 2])
def test_xla_trains_nearly_the_same(without_dropout, num_parts):
    compiled = trained(
        ONE, rate=0.0, jit_compile=True, accumulate_steps=num_parts
    )
    assert_same(compiled, without_dropout, 1e-5)


def test_xla_trains_nearly_the_same_on_two_replicas(without_dropout, two_cpus):
    compiled = trained(two_cpus, rate=0.0, jit_compile=True)
    assert_same(compiled, without_dropout, 1e-5)


@pytest.mark.parametrize(
    ("missing", "execution", "message"),
    [
        ("counts", {"jit_compile": True}, "a task without counts is not div"),
        ("counts", {"accumulate_steps": 2}, "a task without counts is not div"),
        ("split", {"recompute": True}, "a task without split is not recomp"),
    ],
)
def test_a_task_says_how_it_is_divided(missing, execution, message):
    task = dataclasses.replace(TASK, **{missing: None})
    with pytest.raises(ValueError, match=message):
        train_step.TrainStep(
            task, tiny(), None, ONE, None, executions.Execution(**execution)
        )
