"""Distribution strategies: which devices train, and how batches reach them."""

from collections.abc import Iterable

import tensorflow as tf


def make_strategy(
    name: str, num_virtual_cpus: int = 1
) -> tf.distribute.Strategy:
    """Returns a strategy by name.

    Args:
      name: "mirrored" (all GPUs, or the CPUs if there is no GPU) or
        "one_device".
      num_virtual_cpus: Replicas to simulate on the CPU. TensorFlow allows
        more than 1 only before it has initialised its devices.
    """
    cpu = tf.config.list_physical_devices("CPU")[0]
    configured = tf.config.get_logical_device_configuration(cpu) or [None]
    if num_virtual_cpus > len(configured):
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * num_virtual_cpus
        )
    gpus = tf.config.list_logical_devices("GPU")
    cpus = tf.config.list_logical_devices("CPU")[:num_virtual_cpus]
    devices = [device.name for device in gpus or cpus]
    if name == "one_device":
        return tf.distribute.OneDeviceStrategy(devices[0])
    return tf.distribute.MirroredStrategy(devices)


def distribute(
    dataset: tf.data.Dataset, strategy: tf.distribute.Strategy
) -> Iterable:
    """Splits every batch of a data set among the replicas of a strategy.

    Batches are split, files are not: every replica reads the same order of
    examples, whatever their number.

    Args:
      dataset: Yields batches over all replicas.
      strategy: Its number of replicas divides the batch size.

    Returns:
      What `strategy.run` takes, batch by batch.
    """
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return strategy.experimental_distribute_dataset(
        dataset.with_options(options)
    )
