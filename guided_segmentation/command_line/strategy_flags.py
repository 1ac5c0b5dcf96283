"""Flags of the devices and workers of a training."""

from __future__ import annotations

import os

import tensorflow as tf
from absl import flags

from guided_segmentation.errors import InputError
from guided_segmentation.training import clusters, strategies, workers

STRATEGY = flags.DEFINE_enum(
    "strategy",
    "mirrored",
    ["mirrored", "one_device", "multi_worker"],
    "mirrored: all GPUs, or the CPU if there are none; one_device: the first; "
    "multi_worker: the GPUs, or the CPU, of several workers, which are "
    "processes on one or many machines. Start the same command on each; the "
    "result is that of one.",
)
WORKERS = flags.DEFINE_list(
    "workers",
    [],
    "Addresses of all workers for --strategy=multi_worker, such as "
    "host1:2222,host2:2222; the first writes the files. Not given: those of "
    "TF_CONFIG in the environment.",
)
WORKER_INDEX = flags.DEFINE_integer(
    "worker_index",
    None,
    "Number of this process among --workers, from 0 on.",
)
WORKER_WAIT_SECONDS = flags.DEFINE_integer(
    "worker_wait_seconds",
    workers.WAIT_SECONDS,
    "How long workers wait for each other at the start.",
    lower_bound=1,
)
NUM_VIRTUAL_CPUS = flags.DEFINE_integer(
    "num_virtual_cpus",
    1,
    "Replicas to simulate on the CPU; the result is that of one.",
    lower_bound=1,
)


def strategy() -> tf.distribute.Strategy:
    """Returns the strategy that the flags name.

    Call it before anything uses TensorFlow's devices.

    Raises:
      InputError: If flags contradict each other, or a worker does not come.
    """
    if STRATEGY.value != "multi_worker":
        for flag in (WORKERS, WORKER_INDEX, WORKER_WAIT_SECONDS):
            if flag.present:
                raise InputError(
                    f"--{flag.name} wanted --strategy=multi_worker, found "
                    f"--strategy={STRATEGY.value}; leave one of them out"
                )
        return strategies.make_strategy(STRATEGY.value, NUM_VIRTUAL_CPUS.value)
    if NUM_VIRTUAL_CPUS.value > 1:
        raise InputError(
            f"--num_virtual_cpus={NUM_VIRTUAL_CPUS.value} wanted "
            f"--strategy=mirrored, found multi_worker; start more workers "
            f"instead"
        )
    cluster = clusters.named(WORKERS.value, WORKER_INDEX.value, os.environ)
    return workers.make_strategy(cluster, WORKER_WAIT_SECONDS.value)
