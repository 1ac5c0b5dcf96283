"""The one training loop: strategy, step, checkpoints, summaries, resume.

It knows neither data sets nor networks: a binary joins a Keras model, batches
and a loss.
"""

import contextlib
import dataclasses
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation import artifacts, provenance
from guided_segmentation.training import optimizers

# float16 gradients underflow unless the loss is scaled up meanwhile.
LOSS_SCALE = {"float32": 1.0, "mixed_bfloat16": 1.0, "mixed_float16": 1024.0}

_CHECKPOINTS = "checkpoints"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of one training run; the defaults are the paper's.

    Attributes:
      num_steps: Optimiser steps.
      batch_size: Images per step over all replicas.
      optimizer: Rates, schedule, momentum, decay.
      precision: Key of LOSS_SCALE, a Keras policy.
      seed: Fixes order, augmentation, dropout and fresh weights.
      checkpoint_steps: Steps between checkpoints.
      summary_steps: Steps between figures for TensorBoard.
      picture_steps: Steps between pictures for TensorBoard.
    """

    num_steps: int = 8000
    batch_size: int = 15
    optimizer: optimizers.OptimizerSettings = optimizers.OptimizerSettings()
    precision: str = "float32"
    seed: int = 0
    checkpoint_steps: int = 500
    summary_steps: int = 20
    picture_steps: int = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained on what.

    Attributes:
      build: Builds the network; called once, inside the strategy's scope.
      batches: Takes the first step; returns batches from that step on, each
        with `inputs`, `targets` and "seed" [batch, 2] int32.
      loss: Takes each of the targets and the network's output; returns this
        replica's share of the mean over the global batch.
      inputs: Key of the batch that the network takes.
      targets: Keys of the batch that the loss takes, in this order.
      seeded: Takes the batch's seeds; the context in which the network may
        draw noise from them.
      pictures: Takes a batch and the output; returns [n, height, width, 3]
        uint8 for TensorBoard. None for no pictures.
    """

    build: Callable[[], keras.Model]
    batches: Callable[[int], tf.data.Dataset]
    loss: Callable[..., tf.Tensor]
    inputs: str
    targets: tuple[str, ...]
    seeded: Callable[[tf.Tensor], contextlib.AbstractContextManager]
    pictures: Callable[[dict, tf.Tensor], np.ndarray] | None = None


def make_strategy(
    name: str, num_virtual_cpus: int = 1
) -> tf.distribute.Strategy:
    """Returns a strategy by name.

    Args:
      name: "mirrored" (all GPUs, else all CPUs) or "one_device".
      num_virtual_cpus: Replicas to simulate on the CPU; only before
        TensorFlow has touched its devices.
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


def train(
    task: Task,
    *,
    work_dir: artifacts.Path,
    settings: TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    record: dict | None = None,
) -> keras.Model:
    """Trains to the last step, from wherever an earlier run stopped.

    Args:
      task: What is trained on what.
      work_dir: Folder for checkpoints, events, settings.json and the weights.
      settings: How it is trained.
      strategy: How it is spread over devices; mirrored if None.
      record: More for settings.json. A folder begun under other settings is
        refused.

    Returns:
      The trained network.

    Raises:
      ValueError: If `work_dir` holds a run of other settings, or the batch
        does not divide among the replicas.
      SystemExit: On SIGTERM or ctrl-C, after a checkpoint is written.
    """
    strategy = strategy or make_strategy("mirrored")
    if settings.batch_size % strategy.num_replicas_in_sync:
        raise ValueError(
            f"a batch of {settings.batch_size} does not divide among "
            f"{strategy.num_replicas_in_sync} replicas; change --batch_size"
        )
    work_dir = pathlib.Path(work_dir)
    provenance.record_or_check(
        work_dir, recorded(settings, record or {}), is_begun=is_begun(work_dir)
    )
    keras.utils.set_random_seed(settings.seed)
    keras.mixed_precision.set_global_policy(settings.precision)
    with strategy.scope():
        network = task.build()
        optimizer = optimizers.LayerwiseOptimizer(
            network, settings.optimizer, settings.num_steps
        )
    loop = _Loop(task, network, optimizer, strategy, settings, work_dir)
    loop.run()
    return network


def is_begun(work_dir: artifacts.Path) -> bool:
    """Whether a run in this folder has learned anything that it kept."""
    return any(pathlib.Path(work_dir, _CHECKPOINTS).glob("*"))


def recorded(settings: TrainSettings, record: dict) -> dict:
    """Returns what settings.json says of a run."""
    return {**record, "training": dataclasses.asdict(settings)}


class _Loop:
    """One run: what must be remembered between steps."""

    def __init__(self, task, network, optimizer, strategy, settings, work_dir):
        self.task, self.network, self.optimizer = task, network, optimizer
        self.strategy, self.settings = strategy, settings
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                network=network, step=self.step, optimizers=optimizer.by_rate
            ),
            os.fspath(work_dir / _CHECKPOINTS),
            max_to_keep=2,
        )
        self.checkpoints.restore_or_initialize()
        self.events = tf.summary.create_file_writer(
            os.fspath(work_dir / "events")
        )
        self.learning_rate = optimizers.learning_rate(
            settings.optimizer, settings.num_steps
        )

    def run(self):
        first, last = int(self.step), self.settings.num_steps
        if first >= last:
            return
        batches = iter(
            self.strategy.experimental_distribute_dataset(
                _unsharded(self.task.batches(first))
            )
        )
        bar = tqdm.trange(
            first, last, initial=first, total=last, unit="step", mininterval=1
        )
        train_step = tf.function(self._train_step)
        with _terminating() as stopped:
            for step in bar:
                batch = next(batches)
                loss = train_step(batch)
                self.step.assign(step + 1)
                self._summarize(step + 1, batch, loss, bar)
                if stopped or (step + 1) % self.settings.checkpoint_steps == 0:
                    _require_finite(float(loss), step + 1)
                    self.checkpoints.save()
                if stopped:
                    bar.close()
                    print(
                        f"stopped after step {step + 1} of {last}; the same "
                        f"command resumes",
                        file=sys.stderr,
                    )
                    raise SystemExit(128 + stopped[0])
        self.checkpoints.save()

    def _train_step(self, batch):
        shares = self.strategy.run(self._replica_step, args=(batch,))
        return self.strategy.reduce("SUM", shares, axis=None)

    def _replica_step(self, batch):
        scale = LOSS_SCALE[self.settings.precision]
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape, self.task.seeded(batch["seed"]):
            output = self.network(batch[self.task.inputs], training=True)
            targets = [batch[key] for key in self.task.targets]
            loss = self.task.loss(*targets, output)
            scaled = loss * scale
        gradients = self._summed(tape.gradient(scaled, variables), scale)
        self.optimizer.apply(
            gradients, variables, self.strategy.num_replicas_in_sync
        )
        return loss

    def _summed(self, gradients, scale):
        """Gradients of the loss over the global batch, at their true scale."""
        replica = tf.distribute.get_replica_context()
        total = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        return [gradient / scale for gradient in total]

    def _summarize(self, step, batch, loss, bar):
        settings = self.settings
        is_last = step == settings.num_steps
        if step % settings.summary_steps and not is_last:
            return
        value = float(loss)
        _require_finite(value, step)
        bar.set_postfix(loss=f"{value:.3f}", refresh=False)
        with self.events.as_default(step):
            tf.summary.scalar("loss", value)
            tf.summary.scalar("learning_rate", self.learning_rate(step - 1))
            if step % settings.picture_steps == 0 or is_last:
                self._picture(batch)
        self.events.flush()

    def _picture(self, batch):
        if self.task.pictures is None:
            return
        batch = {
            key: self.strategy.experimental_local_results(value)[0][:4]
            for key, value in batch.items()
        }
        output = self.network(batch[self.task.inputs], training=False)
        tf.summary.image(
            "guide and prediction", self.task.pictures(batch, output)
        )


def _require_finite(loss, step):
    if not np.isfinite(loss):
        raise ValueError(
            f"the loss is {loss} at step {step}; lower --learning_rate"
        )


def _unsharded(dataset):
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    return dataset.with_options(options)


@contextlib.contextmanager
def _terminating() -> Iterator[list[int]]:
    """Yields a list that receives SIGTERM or SIGINT instead of dying."""
    received = []

    def note(number, _):
        received.append(number)

    before = {
        number: signal.signal(number, note)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
