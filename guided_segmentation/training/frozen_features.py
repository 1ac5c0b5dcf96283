"""Features of the frozen layers of a recipe, for its photographs.

Two trainings of the same frozen layers share them, and so do predictions.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts, images
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import builders, start_weights, weights
from guided_segmentation.training import features, trainer
from guided_segmentation.training.keras_globals import training_globals
from guided_segmentation.training.recipe import Recipe


def are_cached(recipe: Recipe) -> bool:
    """Returns whether the features of frozen layers are cached.

    They can be if nothing below them is augmented but by a flip.

    Args:
      recipe: What is fine-tuned.
    """
    return recipe.freeze_through is not None and recipe.framing == "whole"


def require_none(recipe: Recipe) -> None:
    """Checks that a step computes activations from the photograph.

    Args:
      recipe: What is fine-tuned with --recompute.

    Raises:
      InputError: If features are cached.
    """
    if are_cached(recipe):
        raise InputError(
            f"--recompute computes the network again from the photograph, but "
            f"the features of layers up to {recipe.freeze_through} are cached, "
            f"which saves more memory; leave out --recompute"
        )


def computed(
    recipe: Recipe,
    source: schema.Source,
    folder: artifacts.Path,
    settings: trainer.TrainSettings,
) -> list[np.ndarray] | None:
    """Computes the features of the frozen layers, or finds them in a cache.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      folder: Folder of all caches, as training.features.cached takes it.
      settings: Its precision and seed matter.

    Returns:
      For each scale of the recipe [images, 2, cell rows, cell columns,
      channels] float16, the second axis for the photograph and its mirror
      image. None if no layer is frozen, or the photographs are augmented
      below the frozen layers.
    """
    if not are_cached(recipe):
        return None
    with training_globals(settings.precision, settings.seed):
        network, _ = start_weights.initialized(
            recipe.network, recipe.trunk_weights
        )
    lower, _ = builders.split(network, recipe.freeze_through)
    digests = source.photograph_digests()
    return [
        features.cached(
            tf.function(
                tf.autograph.experimental.do_not_convert(
                    functools.partial(lower, training=False)
                )
            ),
            functools.partial(_mirrored_pairs, recipe, source, size),
            count=len(source.image_ids),
            folder=folder,
            key={
                **_key(lower, settings.precision, size, recipe.input_size),
                "photographs": list(digests.items()),
            },
        )
        for size in recipe.sizes
    ]


def found(
    network: keras.Model,
    settings: Mapping,
    source: schema.Source,
    folder: artifacts.Path,
) -> dict[str, np.ndarray]:
    """Finds the features that a training left of a source's photographs.

    Args:
      network: A trained network, at the stride of its training.
      settings: Settings of its training, as weights.load_trained returns them.
      source: Photographs. Those that have changed since have no features.
      folder: Folder of all caches, as `computed` takes it.

    Returns:
      By image id [2, cell rows, cell columns, channels] float16 of the
      photograph framed at the network's input size, and of its mirror image;
      read from the disk when they are used.

    Raises:
      InputError: If the training cached no features.
    """
    frozen, framing = settings["freeze_through"], settings["framing"]
    if frozen is None or framing != "whole":
        raise InputError(
            f"--features_dir: wanted a network that was trained with "
            f"--freeze_through and --framing=whole, whose features are cached, "
            f"found --freeze_through={frozen} and --framing={framing}; leave "
            f"out --features_dir"
        )
    lower, _ = builders.split(network, frozen)
    size = settings["input_size"]
    precision = keras.mixed_precision.global_policy().name
    stored = features.stored(folder, _key(lower, precision, size, size))
    return {
        image_id: stored[image_id, digest]
        for image_id, digest in source.photograph_digests().items()
        if (image_id, digest) in stored
    }


def _key(lower: keras.Model, precision: str, size: int, padded_to: int) -> dict:
    """Everything that features depend on besides the photographs."""
    return {
        "layers": [layer.name for layer in lower.layers],
        "digest": weights.digest(lower),
        "precision": precision,
        "size": size,
        "padded_to": padded_to,
    }


def _mirrored_pairs(
    recipe: Recipe, source: schema.Source, size: int
) -> Iterator[tf.Tensor]:
    """Yields each photograph as network input, and its mirror image."""
    for example in pipeline.in_order(source.image_ids, {"image": source.image}):
        framed = images.frame(tf.constant(example["image"]), size, "whole")
        image = images.reflect_pad(framed.pixels, *2 * [recipe.input_size])
        image = images.subtract_mean(image)
        yield tf.stack([image, tf.reverse(image, [1])])
