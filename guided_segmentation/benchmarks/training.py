"""Recipe, batches and timed steps of the training that is measured."""

from __future__ import annotations

import functools
import tempfile
import time

import numpy as np
import tensorflow as tf

from guided_segmentation import guides
from guided_segmentation.benchmarks import segmenters
from guided_segmentation.benchmarks.evidence import evidence
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.guides import labelling
from guided_segmentation.networks import builders, layers
from guided_segmentation.training import (
    fine_tuning,
    inputs,
    optimizers,
    recipe,
    trainer,
)

WARM_UP_STEPS = 3  # They trace the graph and fill buffers.


def segmenter_recipe(
    source: schema.Source, settings: BenchmarkSettings
) -> recipe.Recipe:
    """Returns the recipe of a thin segmenter.

    Args:
      source: Data set whose objects the segmenter has.
      settings: Sizes of the network, and framing.
    """
    return recipe.Recipe(
        network=segmenters.spec(source, settings),
        input_size=settings.input_size,
        framing=settings.framing,
    )


def batches(
    what: recipe.Recipe,
    source: schema.Source,
    settings: BenchmarkSettings,
    label: labelling.Labeller | None = None,
) -> tf.data.Dataset:
    """Returns an infinite data set of batches.

    Args:
      what: Recipe of the segmenter.
      source: Images with ground truth, from which guides are derived.
      settings: Batch size.
      label: From image id to label map; None makes the G2 guides of all
        images now and remembers them.

    Returns:
      Batches as training.inputs.batches makes them.
    """
    if label is None:
        label = labelling.cached(
            lambda image_id: guides.g2(evidence(source, image_id))
        )
        for image_id in source.image_ids:
            label(image_id)
    endless = train_settings(settings, num_steps=10**6)
    return inputs.batches(what, source, label, endless, None, 0)


def step_seconds(
    what: recipe.Recipe,
    batch: dict[str, tf.Tensor],
    settings: BenchmarkSettings = DEFAULTS,
) -> list[float]:
    """Trains an untrained segmenter on one batch and times its steps.

    The trainer's own loop runs with learning rate 0. An op in the loss records
    the time at which each step has computed the logits.

    Args:
      what: Recipe of the segmenter; its weights do not matter.
      batch: One element of `batches`: "input" float32 and "target" uint8,
        as training.inputs.batches returns them.
      settings: Number of steps, batch size and precision.

    Returns:
      The seconds of `settings.repeats` steps, after WARM_UP_STEPS others.
    """
    times = []

    def record_time(target):
        times.append(time.perf_counter())
        return target

    clock = pipeline.numpy_op(record_time, tf.TensorSpec(None, tf.uint8))
    loss, targets = fine_tuning.objective(what)

    def timed(target, *rest):
        with tf.control_dependencies([rest[-1]]):  # The logits.
            target = tf.ensure_shape(clock(target), target.shape)
        return loss(target, *rest)

    task = trainer.Task(
        build_network=functools.partial(builders.build, what.network),
        make_batches=lambda _: tf.data.Dataset.from_tensors(batch).repeat(),
        loss=timed,
        input_key="input",
        target_keys=targets,
        noise_context=layers.example_seeds,
    )
    with tempfile.TemporaryDirectory() as work_dir:
        trainer.train(
            task,
            work_dir=work_dir,
            settings=train_settings(settings, WARM_UP_STEPS + settings.repeats),
        )
    return np.diff(times)[-settings.repeats :].tolist()


def train_settings(
    settings: BenchmarkSettings, num_steps: int
) -> trainer.TrainSettings:
    """Returns how the steps that are measured train: at learning rate 0.

    Args:
      settings: Batch size and precision.
      num_steps: Steps of the run.
    """
    return trainer.TrainSettings(
        num_steps=num_steps,
        batch_size=settings.batch_size,
        optimizer=optimizers.OptimizerSettings(learning_rate=0.0),
        precision=settings.precision,
    )
