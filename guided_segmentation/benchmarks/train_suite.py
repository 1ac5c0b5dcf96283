"""Suite "train": a step of the trainer beside a bare step of Keras."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation.benchmarks import clock, training
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.networks import builders, layers
from guided_segmentation.training import (
    executions,
    fine_tuning,
    loops,
    recipe,
    strategies,
    trainer,
)
from guided_segmentation.training.keras_globals import training_globals

STEPS = 3  # Of each measurement.
EXECUTIONS = {
    "trainer": executions.DIRECT,
    "recompute": executions.Execution(recompute=True),
}


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures steps of the trainer beside bare steps of Keras.

    A bare step is a tf.function of a gradient tape and apply_gradients, on one
    batch, of the same network and loss, with Keras's SGD. "trainer" is the
    training loop on the same batch: weight decay, learning rates by layer,
    counts of labels, summaries; "with_input" reads its batches from the input
    pipeline as well. "recompute" and "accumulate" are the trainer with the
    flags of these names, "accumulate" in two parts if the batch is even.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize; `step_to_bare`, the time of a step of
      each part divided by that of a bare one, and `cpu_to_bare`, the same of
      the CPU time of this process, which other programs disturb less.
    """
    what = training.segmenter_recipe(source, settings)
    batches = training.batches(what, source, settings)
    batch = next(iter(batches))
    cpu_seconds: dict[str, list[float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        training_globals(settings.precision, seed=0),
    ):
        parts = {
            name: _timed(step, cpu_seconds.setdefault(name, []))
            for name, step in _steps(what, batches, batch, settings, folder)
        }
        for part in parts.values():
            part()  # Traces the graph and fills buffers.
        for seconds in cpu_seconds.values():
            seconds.clear()
        rates = clock.measure(
            parts, STEPS * settings.batch_size, settings.repeats
        )
    found = clock.summarize(rates)
    return {
        **found,
        "step_to_bare": found["times_as_fast"],
        "cpu_to_bare": _relative(cpu_seconds),
    }


def bare_step(
    what: recipe.Recipe, batch: dict[str, tf.Tensor]
) -> Callable[[], tf.Tensor]:
    """Returns a step of plain Keras on one batch.

    Args:
      what: Network and loss.
      batch: As training.inputs.batches yields it.

    Returns:
      A function that trains one step and returns the loss.
    """
    network = builders.build(what.network)
    loss, keys = fine_tuning.objective(what)
    optimizer = keras.optimizers.SGD(0.0, momentum=0.9)
    optimizer.build(network.trainable_variables)

    @tf.function
    def step(batch: dict[str, tf.Tensor]) -> tf.Tensor:
        variables = network.trainable_variables
        with tf.GradientTape() as tape, layers.example_seeds(batch["seed"]):
            logits = network(batch["input"], training=True)
            value = loss(*(batch[key] for key in keys), logits)
        gradients = tape.gradient(value, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return value

    return lambda: step(batch)


def trainer_step(
    what: recipe.Recipe,
    batches: tf.data.Dataset,
    settings: BenchmarkSettings,
    work_dir: str,
    execution: executions.Execution = executions.DIRECT,
) -> Callable[[], tf.Tensor]:
    """Returns a step of the training loop on batch after batch.

    Args:
      what: Network and loss.
      batches: Endless.
      settings: Batch size and precision.
      work_dir: Folder of the run, for summaries.
      execution: How the step is computed.

    Returns:
      A function that trains one step and returns the loss.
    """
    loss, keys = fine_tuning.objective(what)
    task = trainer.Task(
        build_network=functools.partial(builders.build, what.network),
        make_batches=lambda _: batches,
        loss=loss,
        counts=fine_tuning.counts(what),
        split=builders.chain,
        input_key="input",
        target_keys=keys,
        noise_context=layers.example_seeds,
    )
    loop = loops.Loop(
        task,
        strategies.make_strategy("mirrored"),
        training.train_settings(settings, num_steps=10**6),
        work_dir,
        execution,
    )
    loop.begin()
    numbers = iter(range(1, 10**6))
    bar = tqdm.tqdm(disable=True)
    return lambda: loop.advance(next(numbers), bar)


def _steps(
    what: recipe.Recipe,
    batches: tf.data.Dataset,
    batch: dict[str, tf.Tensor],
    settings: BenchmarkSettings,
    folder: str,
) -> Iterator[tuple[str, Callable[[], tf.Tensor]]]:
    """Yields the steps that are compared, by name; first the bare one."""
    same = tf.data.Dataset.from_tensors(batch).repeat()
    compared = dict(EXECUTIONS)
    if settings.batch_size % 2 == 0:
        compared["accumulate"] = executions.Execution(accumulate_steps=2)
    yield "bare", bare_step(what, batch)
    for name, each in compared.items():
        work_dir = f"{folder}/{name}"
        yield name, trainer_step(what, same, settings, work_dir, each)
    work_dir = f"{folder}/with_input"
    yield "with_input", trainer_step(what, batches, settings, work_dir)


def _timed(
    step: Callable[[], tf.Tensor], cpu_seconds: list[float]
) -> Callable[[], None]:
    """Returns a function that calls a step STEPS times and notes CPU time."""

    def call() -> None:
        started = time.process_time()
        for _ in range(STEPS):
            loss = step()
        float(loss)  # Waits for the last step.
        cpu_seconds.append(time.process_time() - started)

    return call


def _relative(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Medians divided by the first one, by name."""
    medians = {name: float(np.median(each)) for name, each in seconds.items()}
    first, *others = medians
    return {name: medians[name] / medians[first] for name in others}
