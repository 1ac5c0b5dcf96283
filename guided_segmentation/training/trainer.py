"""One training run, from its first step or its last checkpoint.

It knows neither data sets nor networks: training.fine_tuning joins a Keras
model, batches and a loss.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.training import (
    executions,
    loops,
    optimizers,
    strategies,
    validation,
    workers,
)
from guided_segmentation.training.keras_globals import training_globals


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
        int32. For several workers it also takes a slice: which examples of
        each batch.
      loss: Takes each of the targets, the network's output, and each of the
        counts; returns this replica's part of the mean over the global batch.
      counts: Takes each of the targets; returns what the loss divides by, for
        this replica, a tuple of [] float32. The loss takes their sums over
        the global batch. None if it sums over the replicas by itself.
      split: Takes the network; returns networks that compute the same one
        after the other. None if it cannot be divided.
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
    make_batches: Callable[..., tf.data.Dataset]
    loss: Callable[..., tf.Tensor]
    input_key: str
    target_keys: tuple[str, ...]
    noise_context: Callable[[tf.Tensor], contextlib.AbstractContextManager]
    num_labelled: Callable[[tf.Tensor], tf.Tensor] = dataclasses.field(
        default_factory=lambda: tf.size
    )
    counts: Callable[..., tuple[tf.Tensor, ...]] | None = None
    split: Callable[[keras.Model], list[keras.Model]] | None = None
    draw_pictures: Callable[[dict, tf.Tensor], np.ndarray] | None = None


def train(
    task: Task,
    *,
    work_dir: artifacts.Path,
    settings: TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    execution: executions.Execution = executions.DIRECT,
    extra_settings: dict | None = None,
    watch: validation.Watch | None = None,
) -> keras.Model:
    """Trains to the last step, from the last checkpoint if there is one.

    Args:
      task: What is trained.
      work_dir: Folder for checkpoints, events and settings.json.
      settings: How it is trained.
      strategy: Devices that train; mirrored if None.
      execution: How each step is computed.
      extra_settings: More entries of settings.json.
      watch: Scores held-out images while the network trains; None scores
        none. Of several workers the chief scores.

    Returns:
      The trained network.

    Raises:
      ValueError: If `work_dir` holds a run of other settings, the batch has
        fewer examples than there are replicas or cannot be divided, loss or
        weights are not finite, or no target has a label.
      SystemExit: On SIGTERM or ctrl-C, after a checkpoint is written.
    """
    strategy = strategy or strategies.make_strategy("mirrored")
    _require_batch(settings, strategy, execution)
    work_dir = pathlib.Path(work_dir)
    if workers.is_chief(strategy):
        provenance.record_or_check(
            work_dir,
            settings_to_record(settings, extra_settings or {}),
            is_begun=has_checkpoint(work_dir),
        )
    with training_globals(settings.precision, settings.seed):
        loop = loops.Loop(task, strategy, settings, work_dir, execution)
        loop.run(watch)
    return loop.network


def has_checkpoint(work_dir: artifacts.Path) -> bool:
    """Returns whether a run in this folder has saved a checkpoint."""
    return any(pathlib.Path(work_dir, loops.CHECKPOINTS).glob("*"))


def settings_to_record(settings: TrainSettings, extra_settings: dict) -> dict:
    """Returns the content of a run's settings.json.

    Args:
      settings: How the run trains; under the key "training".
      extra_settings: More entries.
    """
    return {**extra_settings, "training": dataclasses.asdict(settings)}


def _require_batch(settings, strategy, execution):
    """Checks that a batch has enough examples for replicas and parts."""
    size, replicas = settings.batch_size, strategy.num_replicas_in_sync
    if size < replicas:
        raise InputError(
            f"wanted at least one image of a batch for each of "
            f"{replicas} replicas, found a batch of {size}; raise --batch_size"
        )
    parts = execution.accumulate_steps
    if parts > 1 and size % (parts * replicas):
        raise InputError(
            f"wanted batches that divide into --accumulate_steps={parts} equal "
            f"parts on each of {replicas} replicas, found --batch_size={size}; "
            f"change one of them"
        )
