"""The training loop: step, checkpoints, resuming.

It knows neither data sets nor networks: training.fine_tuning joins a Keras
model, batches and a loss.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import sys
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.training import (
    interrupts,
    loss_scale,
    optimizers,
    strategies,
    summaries,
    train_step,
    validation,
)
from guided_segmentation.training.keras_globals import training_globals

_CHECKPOINTS = "checkpoints"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Settings of one training run; the defaults are the paper's.

    Attributes:
      num_steps: Optimizer steps.
      batch_size: Images per step over all replicas.
      optimizer: Learning rate, schedule, momentum, weight decay.
      precision: One of precision.PRECISIONS.
      seed: Fixes the order of images, augmentation, dropout and initial
        weights.
      checkpoint_steps: Steps between checkpoints.
      summary_steps: Steps between scalars for TensorBoard.
      picture_steps: Steps between pictures for TensorBoard; a multiple of
        `summary_steps`.
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
    """A network, its batches and its loss.

    Attributes:
      build_network: Builds the network; called once, inside the strategy's
        scope.
      make_batches: Takes the first step; returns batches from that step on,
        dictionaries with `input_key`, `target_keys` and "seed" [batch, 2]
        int32.
      loss: Takes each of the targets and the network's output; returns this
        replica's part of the mean over the global batch.
      input_key: Key of what the network takes of a batch.
      target_keys: Keys of what the loss takes of a batch, in this order.
      num_labelled: Takes the first of the targets; returns how many of its
        entries the loss counts, an integer scalar.
      noise_context: Takes the batch's seeds; returns the context manager
        inside which the network draws its noise from them.
      draw_pictures: Takes a batch and the output; returns [n, height, width,
        3] uint8 RGB for TensorBoard. None for no pictures.
    """

    build_network: Callable[[], keras.Model]
    make_batches: Callable[[int], tf.data.Dataset]
    loss: Callable[..., tf.Tensor]
    input_key: str
    target_keys: tuple[str, ...]
    noise_context: Callable[[tf.Tensor], contextlib.AbstractContextManager]
    num_labelled: Callable[[tf.Tensor], tf.Tensor] = dataclasses.field(
        default_factory=lambda: tf.size
    )
    draw_pictures: Callable[[dict, tf.Tensor], np.ndarray] | None = None


def train(
    task: Task,
    *,
    work_dir: artifacts.Path,
    settings: TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    extra_settings: dict | None = None,
    watch: validation.Watch | None = None,
) -> keras.Model:
    """Trains to the last step, from the last checkpoint if there is one.

    Args:
      task: What is trained.
      work_dir: Folder for checkpoints, events and settings.json.
      settings: How it is trained.
      strategy: Devices that train; mirrored if None.
      extra_settings: More entries of settings.json.
      watch: Scores held-out images while the network trains; None scores
        none.

    Returns:
      The trained network.

    Raises:
      ValueError: If `work_dir` holds a run of other settings, the batch has
        fewer examples than there are replicas, loss or weights are not finite,
        or no target has a label.
      SystemExit: On SIGTERM or ctrl-C, after a checkpoint is written.
    """
    strategy = strategy or strategies.make_strategy("mirrored")
    if settings.batch_size < strategy.num_replicas_in_sync:
        raise InputError(
            f"wanted at least one image of a batch for each of "
            f"{strategy.num_replicas_in_sync} replicas, found a batch of "
            f"{settings.batch_size}; raise --batch_size"
        )
    work_dir = pathlib.Path(work_dir)
    provenance.record_or_check(
        work_dir,
        settings_to_record(settings, extra_settings or {}),
        is_begun=has_checkpoint(work_dir),
    )
    with training_globals(settings.precision, settings.seed):
        with strategy.scope():
            network = task.build_network()
            optimizer = optimizers.LayerwiseOptimizer(
                network, settings.optimizer, settings.num_steps
            )
        loop = _Loop(task, network, optimizer, strategy, settings, work_dir)
        loop.run(watch)
    return network


def has_checkpoint(work_dir: artifacts.Path) -> bool:
    """Returns whether a run in this folder has saved a checkpoint."""
    return any(pathlib.Path(work_dir, _CHECKPOINTS).glob("*"))


def settings_to_record(settings: TrainSettings, extra_settings: dict) -> dict:
    """Returns the content of a run's settings.json.

    Args:
      settings: How the run trains; under the key "training".
      extra_settings: More entries.
    """
    return {**extra_settings, "training": dataclasses.asdict(settings)}


class _Loop:
    """One run: network, optimizer, checkpoints and summaries."""

    def __init__(self, task, network, optimizer, strategy, settings, work_dir):
        self.task, self.network, self.optimizer = task, network, optimizer
        self.strategy, self.settings = strategy, settings
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        scaled = settings.precision == "mixed_float16"
        self.loss_scale = loss_scale.LossScale() if scaled else None
        self.train_step = train_step.TrainStep(
            task, network, optimizer, strategy, self.loss_scale
        )
        self.checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                network=network,
                step=self.step,
                optimizers=optimizer.by_multiplier,
                **({"loss_scale": self.loss_scale} if scaled else {}),
            ),
            os.fspath(work_dir / _CHECKPOINTS),
            max_to_keep=2,
        )
        self.checkpoints.restore_or_initialize()
        self.watch = None
        self.summaries = summaries.SummaryWriter(
            work_dir,
            optimizers.learning_rate(settings.optimizer, settings.num_steps),
        )

    def run(self, watch):
        self.watch = watch
        first, last = int(self.step), self.settings.num_steps
        if self.watch:
            self.watch.resume(first)
        if first >= last:
            return
        self.first_step = first
        print(strategies.description(self.strategy), file=sys.stderr)
        batches = iter(
            strategies.distribute(self.task.make_batches(first), self.strategy)
        )
        bar = tqdm.trange(
            first, last, initial=first, total=last, unit="step", mininterval=1
        )
        train = tf.function(self.train_step)
        with interrupts.deferred_signals() as received:
            for step in bar:
                batch = next(batches)
                loss = train(batch)
                self.step.assign(step + 1)
                self._summarize(step + 1, batch, loss, bar)
                if self.watch and self.watch.is_due(step + 1, last):
                    self._validate(step + 1, bar)
                if received or (step + 1) % self.settings.checkpoint_steps == 0:
                    self._require_learning(float(loss), step + 1)
                    self._save(step + 1)
                if received:
                    bar.close()
                    _exit(step + 1, last, received[0])
        self._save(last)

    def _require_learning(self, loss, step):
        """Ends a run that learns nothing."""
        skips = self.loss_scale and not self.loss_scale.is_exhausted
        if not (np.isfinite(loss) or skips):
            self._end(f"the loss is {loss} at step {step}")
        if not int(self.train_step.num_labelled):
            raise InputError(
                f"no pixel of the label maps of {step - self.first_step} steps "
                f"is labelled, so nothing is learned; look at what the label "
                f"maps are made of (seeds, saliency maps)"
            )

    def _save(self, step):
        """Saves a checkpoint of finite weights."""
        if not loss_scale.are_finite(self.network.weights):
            self._end(f"the weights are not finite after step {step}")
        self.checkpoints.save()
        if self.watch:
            self.watch.checkpointed()

    def _validate(self, step, bar):
        """Scores held-out images."""
        value = self.watch.score(step)
        name = f"val/{self.watch.name}"
        shown = "not defined" if value is None else f"{value:.4f}"
        bar.write(f"step {step}: {name} {shown}", file=sys.stderr)
        self.summaries.write_score(step, name, value)

    def _end(self, found):
        optimizer = self.settings.optimizer
        rate = optimizers.learning_rate(optimizer, self.settings.num_steps)
        raise InputError(
            f"{found}, at a learning rate of {float(rate(self.step)):.3g}; "
            f"lower --learning_rate or set --clip_norm, in another --work_dir"
        )

    def _summarize(self, step, batch, loss, bar):
        settings = self.settings
        is_last = step == settings.num_steps
        if step % settings.summary_steps and not is_last:
            return
        value = float(loss)
        self._require_learning(value, step)
        bar.set_postfix(loss=f"{value:.3f}", refresh=False)
        shows = step % settings.picture_steps == 0 or is_last
        pictures = self._pictures(batch) if shows else None
        self.summaries.write(step, value, pictures)

    def _pictures(self, batch):
        """Pictures of the first four examples of the first replica."""
        if self.task.draw_pictures is None:
            return None
        batch = {
            key: self.strategy.experimental_local_results(value)[0][:4]
            for key, value in batch.items()
        }
        output = self.network(batch[self.task.input_key], training=False)
        return self.task.draw_pictures(batch, output)


def _exit(step, last, signal_number):
    print(
        f"stopped after step {step} of {last}; the same command resumes",
        file=sys.stderr,
    )
    raise SystemExit(128 + signal_number)
