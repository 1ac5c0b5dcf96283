"""Batches of a recipe: square crops of photographs, or of cached features."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from guided_segmentation import images, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.networks import deeplab_v1
from guided_segmentation.training import trainer
from guided_segmentation.training.recipe import Recipe


def _shuffled(source, first, last, seed):
    return pipeline.shuffled(source.image_ids, first, last, seed)


def _class_balanced(source, first, last, seed):
    return pipeline.class_balanced(
        source.image_ids, source.all_image_labels, first, last, seed
    )


# Functions of source, first position, last position and seed: the examples.
SAMPLINGS = {"shuffled": _shuffled, "class_balanced": _class_balanced}


def batches(
    recipe: Recipe,
    source: schema.Source,
    target: Callable[[str], np.ndarray],
    settings: trainer.TrainSettings,
    cached_features: list[np.ndarray] | None,
    first_step: int,
    part: slice | None = None,
) -> tf.data.Dataset:
    """Makes the batches of a run, from one step on.

    Args:
      recipe: What is fine-tuned.
      source: Photographs.
      target: As fine_tuning.train takes it.
      settings: How it is trained.
      cached_features: What `frozen_features.computed` returns, [images, 2, cell
        rows, cell columns, channels] float16 for each scale; None crops
        photographs.
      first_step: 0, or the step of the checkpoint that training resumes.
      part: Which examples of each batch, for one of several workers; None for
        all.

    Returns:
      Batches, as trainer.Task takes them, of

      - "input": the crops, [batch, rows, columns, 3] float32 BGR minus the
        mean, or [batch, cell rows, cell columns, channels] float16 features;
      - "target": [batch, num_objects] bool image-level labels for a seeder,
        [batch, cell rows, cell columns] uint8 labels for a dense network;
      - "seed": [batch, 2] int32;
      - "image": for crf_loss alone, [batch, cell rows, cell columns, 3] uint8
        RGB.

    Raises:
      ValueError: If the sampling is class_balanced and the data have no
        image-level labels, or no image has an object.
    """
    examples = SAMPLINGS[recipe.sampling](
        source,
        first_step * settings.batch_size,
        settings.num_steps * settings.batch_size,
        settings.seed,
    )
    size = settings.batch_size
    if part is not None:
        examples = pipeline.part_of_batches(examples, size, part)
        size = part.stop - part.start
    target_key = "label_map" if recipe.is_dense else "image_labels"
    parts = {target_key: target}
    if cached_features is None:
        crop = _photograph_crop(recipe, target_key)
    else:
        crop = _feature_crop(recipe, target_key, cached_features)
    if cached_features is None or recipe.crf_loss is not None:
        parts["image"] = source.image
    transforms = [pipeline.read(parts), crop]
    return pipeline.training_batches(examples, transforms, size)


def _photograph_crop(recipe, target_key):
    """The transform that crops a photograph and its target."""

    def crop(example):
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
        if target_key == "label_map":
            target = _labels_at_cells(recipe, label_map)
        else:
            target = example[target_key]
        cropped = {
            "input": images.subtract_mean(image),
            "target": target,
            "seed": example["seed"],
        }
        if recipe.crf_loss is not None:
            cropped["image"] = _colors_at_cells(recipe, image)
        return cropped

    return crop


def _feature_crop(recipe, target_key, cached_features):
    """The transform that crops cached features, flipped half of the time."""
    cells, cell_px = _crop_in_cells(recipe, cached_features)
    spaces = [array.shape[2] - cells for array in cached_features]
    read_crop = _feature_reader(cached_features, cells)

    def crop(example):
        seed, mirror = example["seed"], images.draw_flip(example["seed"])
        scale = images.draw_value(range(len(cached_features)), seed)
        corner = images.draw_corner(seed, tf.gather(spaces, [scale, scale]))
        side = tf.gather(recipe.sizes, scale)
        crop_pixels = functools.partial(
            _crop_pixels, recipe, mirror, corner * cell_px
        )
        target = example[target_key]
        if target_key == "label_map":
            label_map = images.whole_label_map(target, side)[..., None]
            target = _labels_at_cells(recipe, crop_pixels(label_map)[..., 0])
        cropped = {
            "input": read_crop(
                scale, example["index"], mirror, corner[0], corner[1]
            ),
            "target": target,
            "seed": seed,
        }
        if recipe.crf_loss is not None:
            image = images.frame(example["image"], side, "whole").pixels
            cropped["image"] = _colors_at_cells(recipe, crop_pixels(image))
        return cropped

    return crop


def _crop_in_cells(recipe, cached_features):
    """Returns the cells along a crop of cached features, and their pixels."""
    padded_size = max(recipe.input_size, recipe.sizes[0])
    cell_px = (padded_size - 1) // (cached_features[0].shape[2] - 1)
    return (recipe.input_size - 1) // cell_px + 1, cell_px


def _feature_reader(cached_features, cells):
    """Lifts the reading of one crop of the memory maps into a graph."""

    def read_crop(scale, index, mirror, row, column):
        whole = cached_features[scale][index, int(mirror)]
        return np.array(whole[row : row + cells, column : column + cells])

    channels = cached_features[0].shape[-1]
    return pipeline.numpy_op(
        read_crop, tf.TensorSpec([cells, cells, channels], tf.float16)
    )


def _crop_pixels(recipe, mirror, corner, whole):
    """Pads, flips and crops [rows, columns, channels] of a whole photograph."""
    size = recipe.input_size
    whole = images.reflect_pad(whole, size, size)
    whole = tf.where(mirror, tf.reverse(whole, [1]), whole)
    row, column = corner[0], corner[1]
    crop = whole[row : row + size, column : column + size]
    return tf.ensure_shape(crop, [size, size, None])


def _labels_at_cells(recipe, label_map):
    """The label under the centre of each cell of the logits.

    Beyond the border it is IGNORE.
    """
    first = round(_grid_origin(recipe))
    label_map = tf.pad(
        label_map, [[0, first], [0, first]], constant_values=labels.IGNORE
    )
    return label_map[first :: recipe.stride, first :: recipe.stride]


def _colors_at_cells(recipe, image):
    """The colour at the centre of each cell of the logits, uint8.

    Beyond the border it is that of the border.
    """
    first = _grid_origin(recipe)
    places = first + tf.range(0.0, recipe.input_size, recipe.stride)
    return tf.cast(tf.round(images.sample(image, places, places)), tf.uint8)


def _grid_origin(recipe):
    return deeplab_v1.GRID_ORIGINS[recipe.network.get("pooling", "3x3")]
