"""Scores of held-out images while a network trains.

Functions of the network as it is trained, for training.validation.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.evaluation import classification, folders, mean_iou
from guided_segmentation.networks import builders, prediction, weights
from guided_segmentation.training import recipe

Score = Callable[["keras.Model"], float | None]


def hold_out(
    source: schema.Source, fraction: float, seed: int
) -> tuple[schema.Source, schema.Source]:
    """Splits photographs into those to learn from and those to score.

    Images are drawn by their ids and the seed, so that few change sides when
    photographs are added. The last image of a class is never held out.

    Args:
      source: Photographs.
      fraction: Of the images that are held out, above 0 and below 1: at least
        one, and fewer where classes have few images.
      seed: Determines which.

    Returns:
      The images to learn from and those held out, in the order of `source`.

    Raises:
      ValueError: If no image can be held out.
    """
    count = max(1, round(fraction * len(source.image_ids)))
    labels = source.all_image_labels.astype(np.int64)
    left = labels.sum(0)
    held: set[str] = set()
    for index in sorted(range(len(labels)), key=_drawn(source, seed)):
        keeps_classes = (left - labels[index])[labels[index] > 0].all()
        is_last = len(held) == len(labels) - 1
        if len(held) < count and keeps_classes and not is_last:
            held.add(source.image_ids[index])
            left -= labels[index]
    if not held:
        raise InputError(
            f"wanted images of {source.name} to hold out, found that each of "
            f"{len(labels)} is the only one of a class, or of all; add "
            f"photographs, or set --held_out=0"
        )
    return (
        _only(source, [i for i in source.image_ids if i not in held]),
        _only(source, [i for i in source.image_ids if i in held]),
    )


def evenly(source: schema.Source, count: int) -> schema.Source:
    """Returns at most `count` images, at equal intervals.

    Args:
      source: Photographs.
      count: How many, at least 1.
    """
    ids = source.image_ids
    count = min(count, len(ids))
    return _only(source, [ids[i * len(ids) // count] for i in range(count)])


def segmenter_miou(chosen: recipe.Recipe, source: schema.Source) -> Score:
    """Makes the function that scores a segmenter by mIoU, without CRF.

    The label maps are those of bin/segment_images at one scale.

    Args:
      chosen: What is trained.
      source: Photographs with true label maps; all are scored.

    Returns:
      A function from the network in training to its mIoU in [0, 1]; None if
      it is not defined.

    Raises:
      ValueError: If the data have no truth.
    """
    truth = folders.truth(source)
    num_classes = source.label_set.num_classes
    predictor = functools.cache(lambda: _predictor(chosen))

    def score(network: keras.Model) -> float | None:
        copy, predict = predictor()
        weights.assign(copy, weights.to_dict(network), "the training")
        total = np.zeros((num_classes, num_classes + 1), np.int64)
        for image_id in source.image_ids:
            probabilities = predict(source.image(image_id)[None])
            label_map = tf.argmax(probabilities[0], -1).numpy()
            total += mean_iou.confusion(
                truth(image_id), label_map.astype(np.uint8), num_classes
            )
        return mean_iou.or_none(mean_iou.mean_iou(total))

    return score


def seeder_map(chosen: recipe.Recipe, source: schema.Source) -> Score:
    """Makes the function that scores a seeder's network by mAP.

    Args:
      chosen: What is trained.
      source: Photographs with image-level labels; all are scored.

    Returns:
      A function from the network in training to its mAP in [0, 1], over the
      objects that some image shows; None if there is none.
    """
    present = [source.image_labels(name) for name in source.image_ids]
    logits_of = functools.cache(functools.partial(_logits, chosen.input_size))

    def score(network: keras.Model) -> float | None:
        logits = logits_of(network)
        scores = [logits(source.image(name)) for name in source.image_ids]
        found = classification.summary(
            list(map(np.asarray, scores)), present, source
        )
        return found["map"]

    return score


def _logits(size: int, network: keras.Model) -> Callable:
    """The logits of a whole photograph, as seeders compute them."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    @tf.autograph.experimental.do_not_convert
    def logits(image):
        framed = images.frame(image, size, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        return tf.cast(network(inputs, training=False)[0], tf.float32)

    return logits


def _predictor(chosen: recipe.Recipe) -> tuple[keras.Model, Callable]:
    """A network for predictions, and its function of photographs."""
    network = builders.build_for_prediction(chosen.network)
    settings = {"input_size": chosen.input_size, "framing": chosen.framing}
    return network, prediction.as_trained(network, settings)


def _only(source: schema.Source, image_ids: Sequence[str]) -> schema.Source:
    return dataclasses.replace(source, image_ids=tuple(image_ids))


def _drawn(source: schema.Source, seed: int) -> Callable[[int], str]:
    """A random number of each image, as text, by its index."""

    def number(index: int) -> str:
        text = f"{seed}:{source.image_ids[index]}"
        return hashlib.sha256(text.encode()).hexdigest()

    return number
