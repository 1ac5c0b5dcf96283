"""Seeders that average over several sizes of a photograph and its mirror image.

Also the gradients of several scores, one after the other, which the gradient
methods share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import batches
from guided_segmentation.seeders import view_batches

# Takes [batch, rows, columns, 3] float32 BGR minus the mean. Returns the
# [batch, num_objects] float logits of all objects, and a function from [batch,
# K] int32 indices of objects, -1 for none, to their [batch, rows / stride,
# columns / stride, K] float32 score maps; those of -1 have any values.
Forward = Callable[["tf.Tensor"], "tuple[tf.Tensor, Callable]"]


class Seeder:
    """Averages score maps and logits over views of a photograph."""

    def __init__(self, forward: Forward, geometry: view_batches.Geometry):
        """Prepares the seeder; it is traced when it is first called.

        Args:
          forward: Of one view.
          geometry: The views, and where cells are in them.
        """
        self._forward, self._geometry = forward, geometry
        signature = (
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None], tf.int32),
        )
        self._one = tf.function(
            tf.autograph.experimental.do_not_convert(self._score),
            input_signature=signature,
        )

    def __call__(
        self, image: tf.Tensor, objects: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Scores one photograph, also within a graph.

        Args:
          image: [height, width, 3] uint8 RGB.
          objects: [K] int32 indices of objects.

        Returns:
          [height, width, K] float32 score maps, and [num_objects] float32
          logits.
        """
        return self._one(image, objects)

    def predictor(
        self, class_threshold: float | None = None
    ) -> batches.Predictor:
        """Returns the same seeder for many photographs, in batches.

        Args:
          class_threshold: Smallest probability of the objects that are scored.
            None takes the objects that are given for each photograph.

        Returns:
          A predictor, as view_batches.predictor makes it.
        """
        return view_batches.predictor(
            self._forward, self._geometry, class_threshold
        )

    def _score(self, image, objects):
        geometry = self._geometry
        scored = []
        for side, is_mirrored in geometry.views:
            framed = geometry.framed(image, side, is_mirrored)
            inputs = images.subtract_mean(framed.pixels)[None]
            logits, score = self._forward(inputs)
            grid = score(objects[None])[0]
            maps = geometry.upsampled(
                grid, framed.rows, framed.columns, is_mirrored
            )
            scored.append((maps, logits[0]))
        maps, logits = zip(*scored, strict=True)
        return tf.add_n(maps) / len(maps), tf.add_n(logits) / len(logits)


def averaged(
    forward: Forward,
    size: int,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    *,
    stride: int,
    origin: float,
    num_objects: int | None = None,
) -> Seeder:
    """Makes a seeder that averages score maps and logits over views.

    A view is the photograph at one scale, or its mirror image. The authors'
    implementation takes one scale and no mirror image.

    Args:
      forward: Of one view.
      size: Network input size in pixels; photographs are framed whole.
      scales: Factors on `size`.
      flip: Whether to average over mirror images too.
      stride: Pixels of the network input between neighbouring cells of the
        score maps.
      origin: Pixel of the network input on which cell 0 is centred.
      num_objects: Of the network, if score maps of all objects cost no more
        than those of one; photographs with different numbers of objects then
        share a batch.
    """
    sides = [images.scaled_size(size, scale) for scale in scales]
    mirrored = (False, True) if flip else (False,)
    views = tuple((side, each) for each in mirrored for side in sides)
    return Seeder(
        forward, view_batches.Geometry(views, stride, origin, num_objects)
    )


def per_object(
    tape: tf.GradientTape,
    target: tf.Tensor,
    source: tf.Tensor,
    upstream: Callable[[tf.Tensor], tf.Tensor],
    count: tf.Tensor,
) -> tf.Tensor:
    """Returns the gradient of each object's score, one after the other.

    The memory is that of one backward pass.

    Args:
      tape: Persistent, with the computation of `target` from `source`.
      target: Float; scores are sums of it, weighted by `upstream`.
      source: [batch, rows, columns, channels] float.
      upstream: From the [] int32 place of an object to the weights, of the
        shape and dtype of `target`.
      count: [] int32, K.

    Returns:
      [K, batch, rows, columns, channels] float32.
    """

    def gradient(index):
        found = tape.gradient(target, source, upstream(index))
        return tf.cast(found, tf.float32)

    def some():
        return tf.map_fn(
            gradient,
            tf.range(count),
            parallel_iterations=1,
            fn_output_signature=tf.float32,
        )

    def none():
        return tf.zeros(tf.concat([[0], tf.shape(source)], 0))

    return tf.cond(count > 0, some, none)


def logit_weights(
    logits: tf.Tensor, objects: tf.Tensor
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the `upstream` of `per_object` for the logits of objects.

    Args:
      logits: [batch, num_objects] float.
      objects: [batch, K] int32 indices of objects, -1 for none.
    """
    num_objects = tf.shape(logits)[-1]
    return lambda index: tf.one_hot(
        objects[:, index], num_objects, dtype=logits.dtype
    )
