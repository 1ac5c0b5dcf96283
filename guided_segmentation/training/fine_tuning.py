"""Joins network, photographs and loss into one run of the trainer."""

import dataclasses
import functools
import pathlib
import platform
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import guided_segmentation
from guided_segmentation import artifacts, labels, provenance
from guided_segmentation.datasets import schema
from guided_segmentation.networks import (
    builders,
    dropout,
    start_weights,
    weights,
)
from guided_segmentation.training import inputs, losses, trainer
from guided_segmentation.training.recipe import Recipe

# Pixels of a photograph to one of the network's input: SEC's are about 500
# wide, and 321 to the network, so that a cell of 8 pixels covers 12.
_SHRUNK = 1.5


def train(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    *,
    work_dir: artifacts.Path,
    settings: trainer.TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    features_dir: artifacts.Path | None = None,
    record: dict | None = None,
) -> None:
    """Trains one network and leaves weights.npz and settings.json.

    A finished run is left as it is; one that was stopped goes on.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: Takes an image id; returns the [num_objects] bool image labels
        for a GAP network, the [height, width] uint8 label map for a dense
        one.
      work_dir: The run's folder.
      settings: How it is trained.
      strategy: How it is spread over devices; mirrored if None.
      features_dir: Where features of frozen layers are cached; inside
        `work_dir` if None.
      record: More for settings.json.

    Raises:
      ValueError: If `work_dir` holds a run of other settings.
    """
    work_dir = pathlib.Path(work_dir)
    record = {**_record(recipe, source), **(record or {})}
    is_finished = (work_dir / weights.WEIGHTS_FILE).exists()
    provenance.record_or_check(
        work_dir,
        trainer.recorded(settings, record),
        is_begun=is_finished or trainer.is_begun(work_dir),
    )
    if is_finished:
        return
    stored = inputs.frozen_features(
        recipe, source, features_dir or work_dir / "features", settings
    )
    whole: list[keras.Model] = []  # Filled inside the strategy's scope.
    make_batches = functools.partial(
        inputs.batches, recipe, source, target, settings, stored
    )
    loss, targets = objective(recipe)
    task = trainer.Task(
        build=functools.partial(
            _build,
            recipe,
            stored is not None,
            whole,
            functools.partial(make_batches, 0),
        ),
        batches=make_batches,
        loss=loss,
        inputs="input",
        targets=targets,
        seeded=dropout.example_seeds,
        pictures=_pictures if recipe.is_dense else None,
    )
    trainer.train(
        task,
        work_dir=work_dir,
        settings=settings,
        strategy=strategy,
        record=record,
    )
    weights.save(whole[0], work_dir / weights.WEIGHTS_FILE)


def _record(recipe, source):
    label_set = source.label_set
    return {
        **dataclasses.asdict(recipe),
        "trunk_weights_sha256": weights.sha256(recipe.trunk_weights),
        "source": source.name,
        "source_digest": source.digest,
        "images": len(source.image_ids),
        "objects": list(label_set.objects) if label_set else None,
        "versions": {
            "guided_segmentation": guided_segmentation.__version__,
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def _build(recipe, from_features, whole, first_batch):
    network, fresh = start_weights.initialized(
        recipe.network, recipe.trunk_weights
    )
    whole.append(network)
    trained = network
    if recipe.freeze_through is not None:
        lower, upper = builders.split(network, recipe.freeze_through)
        for layer in lower.layers:
            layer.trainable = False
        trained = upper if from_features else network
    if recipe.data_dependent_init:
        batch = next(iter(first_batch()))
        start_weights.data_dependent_init(
            trained, fresh, batch["input"], centred=not recipe.is_dense
        )
    return trained


def objective(
    recipe: Recipe,
) -> tuple[Callable[..., tf.Tensor], tuple[str, ...]]:
    """Returns the loss, and what it takes of a batch beside the output.

    Args:
      recipe: What is fine-tuned.

    Returns:
      `loss` and `targets`, as trainer.Task takes them.
    """
    if not recipe.is_dense:
        return losses.multi_label_loss, ("target",)
    if recipe.crf_loss is None:
        return losses.pixel_loss, ("target",)
    at_cells = recipe.crf_loss.settings.shrunk(_SHRUNK * recipe.stride)

    def loss(label_map, image, logits):
        apart = losses.crf_loss(image, logits, at_cells)
        return (
            losses.pixel_loss(label_map, logits)
            + recipe.crf_loss.weight * apart
        )

    return loss, ("target", "image")


def _pictures(batch, output):
    """[n, rows, columns, 3]: target beside prediction, eight pixels a cell."""
    prediction = tf.argmax(output, -1).numpy().astype(np.uint8)
    pairs = np.concatenate([batch["target"].numpy(), prediction], axis=2)
    return labels.palette()[pairs].repeat(8, axis=1).repeat(8, axis=2)
