import pytest
import tensorflow as tf

from guided_segmentation.training import strategies


@pytest.mark.parametrize(
    ("name", "count", "replicas"),
    [("mirrored", 1, 1), ("mirrored", 2, 2), ("one_device", 2, 1)],
)
def test_a_strategy_has_the_replicas_of_its_name(name, count, replicas):
    strategy = strategies.make_strategy(name, count)
    assert strategy.num_replicas_in_sync == replicas
    mirrored = isinstance(strategy, tf.distribute.MirroredStrategy)
    assert mirrored == (name == "mirrored")


def test_replicas_split_every_batch_in_order(two_cpus):
    dataset = tf.data.Dataset.range(12).batch(4)
    parts = [
        [
            part.numpy().tolist()
            for part in two_cpus.experimental_local_results(x)
        ]
        for x in strategies.distribute(dataset, two_cpus)
    ]
    assert parts == [
        [[0, 1], [2, 3]],
        [[4, 5], [6, 7]],
        [[8, 9], [10, 11]],
    ]
