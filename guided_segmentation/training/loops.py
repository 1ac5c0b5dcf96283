"""The training loop: steps, checkpoints, summaries."""

from __future__ import annotations

import os
import pathlib
import sys

import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError
from guided_segmentation.training import (
    executions,
    interrupts,
    loss_scale,
    optimizers,
    strategies,
    summaries,
    train_step,
    validation,
    workers,
)

CHECKPOINTS = "checkpoints"  # Folder in that of the run.
_NOT_COMPILED = (
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.UnimplementedError,
)


class Loop:
    """One run: network, optimizer, checkpoints and summaries.

    Attributes:
      network: What is trained.
    """

    def __init__(
        self,
        task,
        strategy: tf.distribute.Strategy,
        settings,
        work_dir: artifacts.Path,
        execution: executions.Execution = executions.DIRECT,
    ):
        """Builds the network, and restores the last checkpoint if there is one.

        Args:
          task: A trainer.Task.
          strategy: Devices that train.
          settings: A trainer.TrainSettings.
          work_dir: Folder for checkpoints and events.
          execution: How each step is computed.
        """
        self.task, self.strategy, self.settings = task, strategy, settings
        self.execution = execution
        self.is_chief = workers.is_chief(strategy)
        with workers.scope(strategy):
            self.network = task.build_network()
            self.optimizer = optimizers.LayerwiseOptimizer(
                self.network, settings.optimizer, settings.num_steps
            )
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        scaled = settings.precision == "mixed_float16"
        self.loss_scale = loss_scale.LossScale() if scaled else None
        self.train_step = train_step.TrainStep(
            task,
            self.network,
            self.optimizer,
            strategy,
            self.loss_scale,
            execution,
        )
        self._train = tf.function(
            tf.autograph.experimental.do_not_convert(self.train_step.__call__)
        )
        self.watch = None
        if self.is_chief:
            self._open_files(work_dir)
        workers.share(strategy, self._state())

    def _open_files(self, work_dir):
        """Restores the last checkpoint, and opens the summaries."""
        scaled = {"loss_scale": self.loss_scale} if self.loss_scale else {}
        self.checkpoints = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                network=self.network,
                step=self.step,
                optimizers=self.optimizer.by_multiplier,
                **scaled,
            ),
            os.fspath(pathlib.Path(work_dir, CHECKPOINTS)),
            max_to_keep=2,
        )
        self.checkpoints.restore_or_initialize()
        settings = self.settings
        self.summaries = summaries.SummaryWriter(
            work_dir,
            optimizers.learning_rate(settings.optimizer, settings.num_steps),
        )

    def _state(self):
        """Variables of what a checkpoint saves."""
        found = [self.step, *self.network.weights]
        for optimizer in self.optimizer.by_multiplier.values():
            found += optimizer.variables
        return found + list(
            self.loss_scale.variables if self.loss_scale else ()
        )

    def run(self, watch: validation.Watch | None) -> None:
        """Trains to the last step.

        Args:
          watch: Scores held-out images; None scores none.
        """
        self.watch = watch
        first, last = int(self.step), self.settings.num_steps
        if self.watch:
            self.watch.resume(first)
        if first >= last:
            return
        if self.is_chief:
            print(strategies.description(self.strategy), file=sys.stderr)
        self.begin()
        bar = tqdm.trange(
            first,
            last,
            initial=first,
            total=last,
            unit="step",
            mininterval=1,
            disable=not self.is_chief,
        )
        agreement = workers.StopAgreement(self.strategy)
        with interrupts.deferred_signals() as received:
            for step in bar:
                loss = self.advance(step + 1, bar)
                stop = agreement.signal(received)
                if stop or (step + 1) % self.settings.checkpoint_steps == 0:
                    self._require_learning(float(loss), step + 1)
                    self._save(step + 1)
                if stop:
                    bar.close()
                    _exit(step + 1, last, stop)
        self._save(last)

    def begin(self) -> None:
        """Opens the batches from the step of the checkpoint on."""
        self.first_step = int(self.step)
        self._batches = iter(
            strategies.distributed_batches(
                self.task.make_batches,
                self.first_step,
                self.settings.batch_size,
                self.strategy,
            )
        )

    def advance(self, step: int, bar: tqdm.tqdm) -> tf.Tensor:
        """Trains one step; writes summaries and scores where they are due.

        Args:
          step: Its number, from 1 on.
          bar: Shows the loss at the steps of summaries.

        Returns:
          The loss, a float32 scalar. Reading it waits for the step.
        """
        batch = next(self._batches)
        loss = self._trained(batch)
        self._summarize(step, batch, loss, bar)
        if self.watch and self.watch.is_due(step, self.settings.num_steps):
            self._validate(step, bar)
        return loss

    def _trained(self, batch):
        """Trains one step; says if XLA cannot compile it."""
        try:
            return self._train(batch)
        except _NOT_COMPILED as error:
            if not self.execution.jit_compile:
                raise
            lines = str(error.message).splitlines()
            told = [line for line in lines if "unsupported" in line] or lines
            raise InputError(
                f"--jit_compile: XLA cannot compile the network for this "
                f"device ({told[0]}); leave it out"
            ) from error

    def _require_learning(self, loss, step):
        """Ends a run that learns nothing."""
        skips = self.loss_scale and not self.loss_scale.is_exhausted
        if not (np.isfinite(loss) or skips):
            self._end(f"the loss is {loss} at step {step}", step)
        if not int(self.train_step.num_labelled):
            raise InputError(
                f"no pixel of the label maps of {step - self.first_step} steps "
                f"is labelled, so nothing is learned; look at what the label "
                f"maps are made of (seeds, saliency maps)"
            )

    def _save(self, step):
        """Saves a checkpoint of finite weights."""
        if not loss_scale.are_finite(self.network.weights):
            self._end(f"the weights are not finite after step {step}", step)
        self.step.assign(step)
        if self.is_chief:
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

    def _end(self, found, step):
        optimizer = self.settings.optimizer
        rate = optimizers.learning_rate(optimizer, self.settings.num_steps)
        raise InputError(
            f"{found}, at a learning rate of {float(rate(step)):.3g}; "
            f"lower --learning_rate or set --clip_norm, in another --work_dir"
        )

    def _summarize(self, step, batch, loss, bar):
        settings = self.settings
        is_last = step == settings.num_steps
        if step % settings.summary_steps and not is_last:
            return
        value = float(loss)
        self._require_learning(value, step)
        if not self.is_chief:
            return
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
