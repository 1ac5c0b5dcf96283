"""Seeders that average over several sizes of a photograph and its mirror image.

Also the gradients of several scores, one after the other, which the gradient
methods share.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from guided_segmentation import images

# Takes a [height, width, 3] uint8 RGB photograph and [K] int32 indices of
# objects. Returns [height, width, K] float32 score maps of these objects and
# [num_objects] float32 logits of all objects.
Seeder = Callable[["tf.Tensor", "tf.Tensor"], "tuple[tf.Tensor, tf.Tensor]"]


def averaged(
    score_one_view: Callable[[tf.Tensor, tf.Tensor], tuple],
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    *,
    stride: int,
    origin: float,
) -> Seeder:
    """Makes a seeder that averages score maps and logits over views.

    A view is the photograph at one scale, or its mirror image. The authors'
    implementation takes one scale and no mirror image.

    Args:
      score_one_view: Takes [1, rows, columns, 3] float32 BGR minus the mean
        and [K] int32 indices of objects. Returns [rows / stride, columns /
        stride, K] float32 score maps and [num_objects] float32 logits.
      size: Network input size in pixels; photographs are framed whole.
      scales: Factors on `size`.
      flip: Whether to average over mirror images too.
      stride: Pixels of the network input between neighbouring cells of the
        score maps.
      origin: Pixel of the network input on which cell 0 is centred.

    Returns:
      A seeder, as a tf.function.
    """

    def score(image, objects, side):
        framed = images.frame(image, side, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        maps, logits = score_one_view(inputs, objects)
        return images.upsample_to_image(maps, framed, stride, origin), logits

    sides = [images.scaled_size(size, scale) for scale in scales]
    views = [functools.partial(score, side=side) for side in sides]
    if flip:
        views += [_mirrored(view) for view in views]
    return _mean(views)


def per_object(
    tape: tf.GradientTape, scores: tf.Tensor, source: tf.Tensor
) -> tf.Tensor:
    """Returns the gradient of each object's score, one after the other.

    The memory is that of one backward pass.

    Args:
      tape: Persistent, with the computation of `scores` from `source`.
      scores: [K] float.
      source: [1, rows, columns, channels] float.

    Returns:
      [K, rows, columns, channels] float32.
    """
    count = tf.size(scores)

    def gradient(index):
        chosen = tf.one_hot(index, count, dtype=scores.dtype)
        found = tape.gradient(scores, source, chosen)
        return tf.cast(found[0], tf.float32)

    def some():
        return tf.map_fn(
            gradient,
            tf.range(count),
            parallel_iterations=1,
            fn_output_signature=tf.float32,
        )

    def none():
        return tf.zeros(tf.concat([[0], tf.shape(source)[1:]], 0))

    return tf.cond(count > 0, some, none)


def _mirrored(view):
    """The view of the mirror image, with its score maps mirrored back."""

    def score(image, objects):
        maps, logits = view(tf.reverse(image, [1]), objects)
        return tf.reverse(maps, [1]), logits

    return score


def _mean(views):
    """The seeder whose score maps and logits are the means over views."""
    image = tf.TensorSpec([None, None, 3], tf.uint8)
    objects = tf.TensorSpec([None], tf.int32)

    @tf.function(input_signature=[image, objects])
    def seeder(image, objects):
        scored = [view(image, objects) for view in views]
        maps, logits = zip(*scored, strict=True)
        return tf.add_n(maps) / len(maps), tf.add_n(logits) / len(logits)

    return seeder
