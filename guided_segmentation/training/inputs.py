"""Batches of a recipe: squares of photographs, or of cached features."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.networks import (
    builders,
    deeplab_v1,
    start_weights,
    weights,
)
from guided_segmentation.training import features, trainer
from guided_segmentation.training.recipe import Recipe


def _shuffled(source, *rest):
    return pipeline.shuffled(source.image_ids, *rest)


def _class_balanced(source, *rest):
    return pipeline.class_balanced(
        source.image_ids, source.all_image_labels, *rest
    )


# From a source, the first position, the last one and a seed to examples.
SAMPLINGS = {"shuffled": _shuffled, "class_balanced": _class_balanced}


def frozen_features(recipe, source, folder, settings):
    """Cached features, one array a scale; None where squares are cut anew."""
    if recipe.freeze_through is None or recipe.framing != "whole":
        return None
    keras.mixed_precision.set_global_policy(settings.precision)
    keras.utils.set_random_seed(settings.seed)
    lower, _ = builders.split(
        start_weights.initialized(recipe.network, recipe.trunk_weights)[0],
        recipe.freeze_through,
    )
    key = {
        "layers": [layer.name for layer in lower.layers],
        "digest": weights.digest(lower),
        "precision": settings.precision,
        "source": source.name,
        "source_digest": source.digest,
        "image_ids": list(source.image_ids),
    }
    return [
        features.cached(
            tf.function(functools.partial(lower, training=False)),
            functools.partial(_pairs, recipe, source, size),
            count=len(source.image_ids),
            folder=folder,
            key={**key, "size": size, "padded_to": recipe.input_size},
        )
        for size in recipe.sizes
    ]


def _pairs(recipe, source, size):
    """Yields each photograph as the network sees it, and its mirror image."""
    for example in pipeline.in_order(source.image_ids, {"image": source.image}):
        framed = images.frame(tf.constant(example["image"]), size, "whole")
        image = images.reflect_pad(framed.pixels, *2 * [recipe.input_size])
        image = images.subtract_mean(image)
        yield tf.stack([image, tf.reverse(image, [1])])


def batches(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    settings: trainer.TrainSettings,
    stored: list[np.ndarray] | None,
    first_step: int,
) -> tf.data.Dataset:
    """Makes the batches of a run, from one step on.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: As `train` takes it.
      settings: How it is trained.
      stored: Cached features as training.features.cached returns them, one
        array for each scale; None cuts new squares.
      first_step: 0, or where an earlier run stopped.

    Returns:
      Batches of "input", "target" and "seed", as trainer.Task takes them; for
      crf_loss also "image", [batch, cell rows, cell columns, 3] uint8 RGB.

    Raises:
      ValueError: If they are balanced by class and no image has an object, or
        the data have no image labels.
    """
    examples = SAMPLINGS[recipe.sampling](
        source,
        first_step * settings.batch_size,
        settings.num_steps * settings.batch_size,
        settings.seed,
    )
    key = "label_map" if recipe.is_dense else "image_labels"
    parts = {key: target}
    if stored is None or recipe.crf_loss is not None:
        parts["image"] = source.image
    cut = _cut(recipe, key) if stored is None else _recall(recipe, key, stored)
    stages = [pipeline.read(parts), cut]
    return pipeline.training_batches(examples, stages, settings.batch_size)


def _cut(recipe, key):
    """The stage that cuts a square and its target."""
    on_grid = functools.partial(_on_grid, recipe)

    def cut(example):
        image = example["image"]
        label_map = example.get("label_map", tf.zeros_like(image[..., 0]))
        image, label_map = images.training_crop(
            image,
            label_map,
            example["seed"],
            size=recipe.input_size,
            framing=recipe.framing,
            scale=images.draw_value(recipe.scales, example["seed"]),
        )
        target = example[key] if key == "image_labels" else on_grid(label_map)
        made = {
            "input": images.subtract_mean(image),
            "target": target,
            "seed": example["seed"],
        }
        if recipe.crf_loss is not None:
            made["image"] = _at_cells(recipe, image)
        return made

    return cut


def _recall(recipe, key, stored):
    """The stage that cuts cached features, flipped half of the time."""
    cells, cell_px = _window(recipe, stored)
    spaces = [array.shape[2] - cells for array in stored]
    fetch = pipeline.numpy_op(
        lambda scale, index, mirror, row, column: np.array(
            stored[scale][
                index, int(mirror), row : row + cells, column : column + cells
            ]
        ),
        tf.TensorSpec([cells, cells, stored[0].shape[-1]], tf.float16),
    )

    def recall(example):
        seed, mirror = example["seed"], images.draw_flip(example["seed"])
        scale = images.draw_value(range(len(stored)), seed)
        at = images.draw_corner(seed, tf.gather(spaces, [scale, scale]))
        side = tf.gather(recipe.sizes, scale)
        square = functools.partial(_square, recipe, mirror, at * cell_px)
        target = example[key]
        if key == "label_map":
            label_map = images.whole_label_map(target, side)
            target = _on_grid(recipe, square(label_map[..., None])[..., 0])
        made = {
            "input": fetch(scale, example["index"], mirror, at[0], at[1]),
            "target": target,
            "seed": seed,
        }
        if recipe.crf_loss is not None:
            image = images.frame(example["image"], side, "whole").pixels
            made["image"] = _at_cells(recipe, square(image))
        return made

    return recall


def _window(recipe, stored):
    """Cells of cached features to a square, and pixels to a cell."""
    canvas = max(recipe.input_size, recipe.sizes[0])
    cell_px = (canvas - 1) // (stored[0].shape[2] - 1)
    return (recipe.input_size - 1) // cell_px + 1, cell_px


def _square(recipe, mirror, at, whole):
    """Pads what belongs to a whole photograph, flips it, and cuts a square."""
    size = recipe.input_size
    whole = images.reflect_pad(whole, size, size)
    whole = tf.where(mirror, tf.reverse(whole, [1]), whole)
    square = whole[at[0] : at[0] + size, at[1] : at[1] + size]
    return tf.ensure_shape(square, [size, size, None])


def _on_grid(recipe, label_map):
    """The label under the centre of each cell of the logits."""
    step = recipe.stride
    pooling = recipe.network.get("pooling", "3x3")
    first = round(deeplab_v1.GRID_ORIGINS[pooling])
    beyond = [[0, first], [0, first]]
    label_map = tf.pad(label_map, beyond, constant_values=labels.IGNORE)
    return label_map[first::step, first::step]


def _at_cells(recipe, image):
    """The colour at the centre of each cell of the logits, uint8.

    Beyond the border it is that of the border.
    """
    pooling = recipe.network.get("pooling", "3x3")
    first = deeplab_v1.GRID_ORIGINS[pooling]
    places = first + tf.range(0.0, recipe.input_size, recipe.stride)
    return tf.cast(tf.round(images.sample(image, places, places)), tf.uint8)
