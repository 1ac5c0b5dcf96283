"""Distribution strategies: which devices train, and how batches reach them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import tensorflow as tf

from guided_segmentation.training import workers


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


def description(strategy: tf.distribute.Strategy) -> str:
    """Says on which devices a strategy trains, in one line.

    Args:
      strategy: What `make_strategy` or `workers.make_strategy` returns.

    Example:
      >>> description(tf.distribute.OneDeviceStrategy("CPU:0"))
      'training on 1 CPU (no GPU found)'
    """
    devices = strategy.extended.worker_devices
    kinds = {device.split(":")[-2] for device in devices}
    kind = "GPU" if kinds == {"GPU"} else "CPU"
    found = len(tf.config.list_physical_devices("GPU"))
    on = "training on "
    if workers.count(strategy) > 1:
        on += f"{workers.count(strategy)} workers, each on "
    used = f"{on}{len(devices)} {kind}{'s' * (len(devices) > 1)}"
    if kind == "CPU":
        reason = f"GPUs not used: {found}" if found else "no GPU found"
        return f"{used} ({reason})"
    idle = found - len(devices)
    return f"{used} (GPUs not used: {idle})" if idle else used


def distribute(
    dataset: tf.data.Dataset, strategy: tf.distribute.Strategy
) -> Iterable:
    """Splits every batch of a data set among the replicas of a strategy.

    Batches are split, files are not: every replica reads the same order of
    examples, whatever their number.

    Args:
      dataset: Yields batches over all replicas.
      strategy: Its replicas get equal parts of a batch; if their number does
        not divide the batch size, the first get one example more.

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


def distributed_batches(
    make_batches: Callable[..., tf.data.Dataset],
    first_step: int,
    batch_size: int,
    strategy: tf.distribute.Strategy,
) -> Iterable:
    """Makes the batches of a run and splits them among all replicas.

    A worker makes its part of each batch alone. Which examples a replica gets
    follows from the number of replicas, not from how workers divide them.

    Args:
      make_batches: As trainer.Task has it.
      first_step: Step that the first batch is for.
      batch_size: Examples of a batch, over all replicas.
      strategy: As `distribute` takes it, or of several workers.

    Returns:
      What `distribute` returns.
    """
    count = workers.count(strategy)
    if count == 1:
        return distribute(make_batches(first_step), strategy)
    sizes = replica_sizes(batch_size, strategy.num_replicas_in_sync)
    num_local = len(sizes) // count
    first = num_local * workers.index(strategy)
    own = sizes[first : first + num_local]
    start = sum(sizes[:first])
    batches = make_batches(first_step, slice(start, start + sum(own)))
    if num_local > 1:
        batches = batches.rebatch(own)
    return strategy.distribute_datasets_from_function(lambda _: batches)


def replica_sizes(batch_size: int, replicas: int) -> list[int]:
    """Returns how many examples of a batch each replica gets.

    Example:
      >>> replica_sizes(15, 4)
      [4, 4, 4, 3]
    """
    size, rest = divmod(batch_size, replicas)
    return [size + (index < rest) for index in range(replicas)]
