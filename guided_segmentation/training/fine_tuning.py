"""Fine-tunes the network of a recipe: one run of the trainer."""

from __future__ import annotations

import dataclasses
import functools
import itertools
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
    layers,
    low_rank,
    start_weights,
    weights,
)
from guided_segmentation.training import (
    executions,
    frozen_features,
    inputs,
    losses,
    trainer,
    validation,
    workers,
)
from guided_segmentation.training.recipe import Recipe

# Pixels of a photograph per pixel of the network's input. SEC's photographs
# are about 500 pixels wide and the input 321, so a cell of 8 pixels spans 12.
# Crops keep the scale of the photograph.
_PHOTOGRAPH_PX_PER_INPUT_PX = {"whole": 1.5, "tight": 1.5, "crop": 1.0}

_FIT_BATCHES = 8  # That low-rank layers are fitted to before the training.


def train(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    *,
    work_dir: artifacts.Path,
    settings: trainer.TrainSettings,
    strategy: tf.distribute.Strategy | None = None,
    execution: executions.Execution = executions.DIRECT,
    features_dir: artifacts.Path | None = None,
    extra_settings: dict | None = None,
    validated: validation.Validation | None = None,
) -> None:
    """Trains one network and writes its weights.npz and settings.json.

    A finished run is not trained again; a stopped one is resumed.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: Takes an image id; returns the [num_objects] bool image-level
        labels for a seeder, the [height, width] uint8 label map for a dense
        network.
      work_dir: The run's folder.
      settings: How it is trained.
      strategy: Devices that train; mirrored if None. Of several workers the
        chief, the first, writes the files.
      execution: How a step is computed, as trainer.train takes it.
      features_dir: Folder of the cached features of frozen layers; inside
        `work_dir` if None.
      extra_settings: More entries of settings.json.
      validated: What is scored while it trains, and which weights are kept;
        the whole network is scored. None scores nothing.

    Raises:
      ValueError: If `work_dir` holds a run of other settings, or cached
        features are to be computed again.
    """
    if execution.recompute:
        frozen_features.require_none(recipe)
    work_dir = pathlib.Path(work_dir)
    extra_settings = {
        **_recipe_settings(recipe, source),
        **(extra_settings or {}),
        **({"validation": validated.to_record()} if validated else {}),
    }
    is_finished = functools.partial(
        _is_finished, work_dir, settings, extra_settings
    )
    with workers.reported(strategy):
        record = trainer.settings_to_record(settings, extra_settings)
        workers.require_same(strategy, record)
        if workers.of_chief(strategy, is_finished):
            return
        with workers.chief_first(strategy):
            cached_features = frozen_features.computed(
                recipe, source, features_dir or work_dir / "features", settings
            )
        make_batches = functools.partial(
            inputs.batches, recipe, source, target, settings, cached_features
        )
        build_network = _NetworkBuilder(
            recipe, make_batches, takes_features=cached_features is not None
        )
        scores = validated and workers.is_chief(strategy)
        watch = _watch(validated, build_network, work_dir) if scores else None
        trainer.train(
            _task(recipe, build_network, make_batches),
            work_dir=work_dir,
            settings=settings,
            strategy=strategy,
            execution=execution,
            extra_settings=extra_settings,
            watch=watch,
        )
        if workers.is_chief(strategy):
            _finish(watch, build_network.whole, work_dir)
        workers.wait_for_all(strategy)


def objective(
    recipe: Recipe,
) -> tuple[Callable[..., tf.Tensor], tuple[str, ...]]:
    """Returns the loss of a recipe, and the keys of what it takes of a batch.

    Args:
      recipe: What is fine-tuned.

    Returns:
      `loss` and `target_keys`, as trainer.Task takes them.
    """
    if not recipe.is_dense:
        return losses.multi_label_loss, ("target",)
    if recipe.is_distilled:
        return losses.distillation_loss, ("target",)
    if recipe.crf_loss is None:
        return losses.pixel_loss, ("target",)
    crf_settings = recipe.crf_loss.settings.shrunk(
        _PHOTOGRAPH_PX_PER_INPUT_PX[recipe.framing] * recipe.stride
    )

    def loss(label_map, image, logits, labelled=None, pixels=None):
        crf_loss = losses.crf_loss(image, logits, crf_settings, pixels)
        return (
            losses.pixel_loss(label_map, logits, labelled)
            + recipe.crf_loss.weight * crf_loss
        )

    return loss, ("target", "image")


def counts(recipe: Recipe) -> Callable[..., tuple[tf.Tensor, ...]]:
    """Returns the function that counts what the loss of a recipe divides by.

    Args:
      recipe: What is fine-tuned.

    Returns:
      `counts`, as trainer.Task takes it.
    """
    if not recipe.is_dense:
        return lambda image_labels: (losses.num_images(image_labels),)
    if recipe.crf_loss is None:
        return lambda target: (losses.num_labelled(target, "float32"),)
    return lambda target, image: (
        losses.num_labelled(target, "float32"),
        tf.size(target, tf.float32),
    )


def _watch(validated, build_network, work_dir):
    """Returns what scores the whole network, once that is built."""
    return validation.Watch(
        validated,
        lambda: validated.score(build_network.whole),
        lambda path: weights.save(build_network.whole, path),
        work_dir,
    )


def _finish(watch, network, work_dir):
    """Writes the weights that the run ends with."""
    path = work_dir / weights.WEIGHTS_FILE
    if watch:
        watch.finish(path)
    else:
        weights.save(network, path)


def _is_finished(work_dir, settings, extra_settings):
    """Checks settings.json, and returns whether the weights are there."""
    is_finished = (work_dir / weights.WEIGHTS_FILE).exists()
    provenance.record_or_check(
        work_dir,
        trainer.settings_to_record(settings, extra_settings),
        is_begun=is_finished or trainer.has_checkpoint(work_dir),
        is_finished=is_finished,
    )
    return is_finished


class _NetworkBuilder:
    """Builds the network that the trainer trains.

    Attributes:
      whole: The whole network, whose weights are saved. The trainer trains
        its upper part alone if the frozen layers are cached.
    """

    def __init__(self, recipe, make_batches, *, takes_features):
        self._recipe = recipe
        self._make_batches = make_batches
        self._takes_features = takes_features
        self.whole = None

    def __call__(self):
        recipe = self._recipe
        self.whole, fresh = start_weights.initialized(
            recipe.network, recipe.trunk_weights
        )
        trained = self.whole
        if recipe.freeze_through is not None:
            lower, upper = builders.split(self.whole, recipe.freeze_through)
            for layer in lower.layers:
                layer.trainable = False
            trained = upper if self._takes_features else self.whole
        if recipe.network.get("rank"):
            fitted = self._fit_low_rank(trained)
            fresh = [name for name in fresh if name not in fitted]
        if recipe.data_dependent_init:
            batch = next(iter(self._make_batches(0)))
            start_weights.data_dependent_init(
                trained,
                fresh,
                batch["input"],
                is_classifier=not recipe.is_dense,
            )
        return trained

    def _fit_low_rank(self, trained):
        """Fits the low-rank layers to the pretrained trunk's."""
        full = start_weights.pretrained(
            self._recipe.trunk_weights, self._recipe.network["name"]
        )
        batches = itertools.islice(self._make_batches(0), _FIT_BATCHES)
        inputs = tf.concat([batch["input"] for batch in batches], 0)
        return low_rank.fit(trained, full, inputs)


def _task(recipe, build_network, make_batches):
    loss, target_keys = objective(recipe)
    shows_labels = recipe.is_dense and not recipe.is_distilled
    return trainer.Task(
        build_network=build_network,
        make_batches=make_batches,
        loss=loss,
        counts=counts(recipe),
        split=builders.chain,
        input_key="input",
        target_keys=target_keys,
        noise_context=layers.example_seeds,
        num_labelled=losses.num_labelled if recipe.is_dense else tf.size,
        draw_pictures=_draw_pictures if shows_labels else None,
    )


def _recipe_settings(recipe, source):
    """What settings.json records of a run, except how it is trained."""
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


def _draw_pictures(batch, output):
    """[n, rows, columns, 3]: target beside prediction, 8x8 pixels per cell."""
    prediction = tf.argmax(output, -1).numpy().astype(np.uint8)
    pairs = np.concatenate([batch["target"].numpy(), prediction], axis=2)
    return labels.palette()[pairs].repeat(8, axis=1).repeat(8, axis=2)
