from unittest import mock

import pytest
import tensorflow as tf

from guided_segmentation.training import strategies, workers


@pytest.mark.parametrize(
    ("name", "count", "replicas"),
    [("mirrored", 1, 1), ("mirrored", 2, 2), ("one_device", 2, 1)],
)
def test_a_strategy_has_the_replicas_of_its_name(name, count, replicas):
    strategy = strategies.make_strategy(name, count)
    assert strategy.num_replicas_in_sync == replicas
    mirrored = isinstance(strategy, tf.distribute.MirroredStrategy)
    assert mirrored == (name == "mirrored")


@pytest.mark.parametrize(
    ("devices", "gpus", "line"),
    [
        (["CPU:0"], 0, "training on 1 CPU (no GPU found)"),
        (["CPU:0", "CPU:1"], 0, "training on 2 CPUs (no GPU found)"),
        (["CPU:0"], 2, "training on 1 CPU (GPUs not used: 2)"),
        (["GPU:0"], 1, "training on 1 GPU"),
        (["GPU:0", "GPU:1"], 2, "training on 2 GPUs"),
        (["GPU:0"], 4, "training on 1 GPU (GPUs not used: 3)"),
    ],
)
def test_a_strategy_says_on_which_devices_it_trains(
    monkeypatch, devices, gpus, line
):
    def listed(kind):
        assert kind == "GPU"
        return [object()] * gpus

    monkeypatch.setattr(tf.config, "list_physical_devices", listed)
    strategy = mock.Mock()
    strategy.extended.worker_devices = [
        f"/job:localhost/replica:0/task:0/device:{device}" for device in devices
    ]
    assert strategies.description(strategy) == line


def test_an_odd_batch_is_split_as_evenly_as_it_can_be(two_cpus):
    dataset = tf.data.Dataset.range(30).batch(15, drop_remainder=True)
    sizes = [
        [len(part) for part in two_cpus.experimental_local_results(x)]
        for x in strategies.distribute(dataset, two_cpus)
    ]
    assert sizes == [[8, 7], [8, 7]]


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


@pytest.mark.parametrize(
    ("index", "part", "sizes"), [(0, (0, 8), [4, 4]), (1, (8, 15), [4, 3])]
)
def test_a_worker_makes_what_its_replicas_compute(
    monkeypatch, index, part, sizes
):
    """A batch of 15 on two workers of two GPUs each."""
    monkeypatch.setattr(workers, "count", lambda strategy: 2)
    monkeypatch.setattr(workers, "index", lambda strategy: index)
    strategy = mock.Mock(num_replicas_in_sync=4)
    strategy.distribute_datasets_from_function = lambda make: make(None)

    def batches(first_step, given):
        assert (first_step, given.start, given.stop) == (7, *part)
        count = given.stop - given.start
        return tf.data.Dataset.range(2 * count).batch(count)

    made = strategies.distributed_batches(batches, 7, 15, strategy)
    assert [len(each) for each in made] == 2 * sizes


def test_workers_are_named_where_they_train(monkeypatch):
    monkeypatch.setattr(workers, "count", lambda strategy: 3)
    strategy = mock.Mock()
    strategy.extended.worker_devices = ["/job:worker/task:1/device:CPU:0"]
    line = "training on 3 workers, each on 1 CPU (no GPU found)"
    assert strategies.description(strategy) == line
