"""Score maps of many photographs: the views of a seeder in batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import batches

_PHOTOGRAPH = tf.TensorSpec([None, None, 3], tf.uint8)
_PIXELS = tf.TensorSpec([None, None, None, 3], tf.float32)
_OBJECTS = tf.TensorSpec([None, None], tf.int32)
_GRID = tf.TensorSpec([None, None, None], tf.float32)
_POSITIONS = tf.TensorSpec([None], tf.float32)


@dataclasses.dataclass(frozen=True)
class Geometry:
    """The views of a seeder, and where cells are in them.

    Attributes:
      views: For each view the side of the network input in pixels, and whether
        it is the mirror image.
      stride: Pixels of the network input between neighbouring cells.
      origin: Pixel of the network input on which cell 0 is centred.
      num_objects: As of views.averaged.
    """

    views: tuple[tuple[int, bool], ...]
    stride: int
    origin: float
    num_objects: int | None = None

    def framed(
        self, image: tf.Tensor, side: int, is_mirrored: bool
    ) -> images.Framed:
        """Frames a view of a [height, width, 3] photograph.

        Returns:
          The network's input, and the rows and columns of cells, not pixels,
          in which the pixels of the photograph lie.
        """
        image = tf.reverse(image, [1]) if is_mirrored else image
        view = images.frame(image, side, "whole")
        return view._replace(
            rows=(view.rows - self.origin) / self.stride,
            columns=(view.columns - self.origin) / self.stride,
        )

    def upsampled(
        self,
        grid: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
        is_mirrored: bool,
    ) -> tf.Tensor:
        """Interpolates score maps of a view at the photograph's pixels.

        Args:
          grid: [cell rows, cell columns, K] float.
          rows: As of `framed`.
          columns: Likewise.
          is_mirrored: Whether they are of the mirror image.

        Returns:
          [height, width, K] float32.
        """
        maps = images.sample(tf.cast(grid, tf.float32), rows, columns)
        return tf.reverse(maps, [1]) if is_mirrored else maps


class Scores(NamedTuple):
    """What a seeder predicts for one photograph.

    Attributes:
      maps: [height, width, K] float32 score maps.
      objects: [K] int indices of their objects.
    """

    maps: np.ndarray
    objects: np.ndarray


def predictor(
    forward: Callable,
    geometry: Geometry,
    class_threshold: float | None = None,
) -> batches.Predictor:
    """Makes the predictor from photographs, and their objects, to Scores.

    The network runs once on each view. One backward pass serves one object of
    each photograph; those with as many objects share a batch.

    Args:
      forward: A views.Forward.
      geometry: The views.
      class_threshold: Smallest probability, averaged over the views, of the
        objects that are scored. None takes those that `frame` is given.

    Returns:
      A predictor whose `frame` takes a photograph, and [K] int32 indices of
      objects unless there is a `class_threshold`. In batches of one, maps are
      those of views.Seeder, bit for bit.
    """
    framers = [_framer(geometry, *view) for view in geometry.views]
    run = _runner(forward, len(geometry.views), class_threshold)
    upsample = _upsampler(geometry)

    def frame(image: np.ndarray, objects: np.ndarray | None = None):
        views = [framer(image) for framer in framers]
        pixels = tuple(view.pixels.numpy() for view in views)
        places = [(view.rows.numpy(), view.columns.numpy()) for view in views]
        if class_threshold is None:
            return batches.Frames((*pixels, _padded(objects, geometry)), places)
        return batches.Frames(pixels, places)

    def finish(outputs: batches.Arrays, places: Any) -> Scores:
        *grids, objects = outputs
        is_given = objects >= 0
        chosen = [grid[..., is_given] for grid in grids]
        maps = upsample(chosen, *map(list, zip(*places, strict=True)))
        return Scores(maps.numpy(), objects[is_given])

    return batches.Predictor(frame=frame, run=run, finish=finish)


def _padded(objects: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Fills up with -1 where this costs nothing."""
    objects = np.asarray(objects, np.int32)
    if geometry.num_objects is None:
        return objects
    missing = geometry.num_objects - len(objects)
    return np.pad(objects, (0, missing), constant_values=-1)


def _framer(geometry: Geometry, side: int, is_mirrored: bool) -> Callable:
    @tf.function(input_signature=[_PHOTOGRAPH])
    @tf.autograph.experimental.do_not_convert
    def framer(image):
        return geometry.framed(image, side, is_mirrored)

    return framer


def _runner(
    forward: Callable, num_views: int, class_threshold: float | None
) -> Callable[[batches.Arrays], batches.Arrays]:
    """Returns the function from inputs to grids and objects."""
    is_given = class_threshold is None

    @tf.autograph.experimental.do_not_convert
    def scored(*inputs):
        pixels = inputs[:num_views]
        forwarded = [forward(images.subtract_mean(view)) for view in pixels]
        if is_given:
            objects = inputs[-1]
        else:
            logits = tf.add_n([each for each, _ in forwarded]) / num_views
            objects = predicted(logits, class_threshold)
        grids = [score(objects) for _, score in forwarded]
        return *[tf.cast(grid, tf.float32) for grid in grids], objects

    signature = [_PIXELS] * num_views + [_OBJECTS] * is_given
    graph = tf.function(scored, input_signature=signature)
    return lambda inputs: tuple(each.numpy() for each in graph(*inputs))


def predicted(logits: tf.Tensor, class_threshold: float) -> tf.Tensor:
    """Returns the objects that reach a probability, ascending.

    Args:
      logits: [batch, num_objects] float.
      class_threshold: Smallest probability, inclusive.

    Returns:
      [batch, K] int32 indices of objects, filled up with -1 after the last.
    """
    exact = tf.cast(logits, tf.float64)
    is_there = 1 / (1 + tf.exp(-exact)) >= class_threshold
    order = tf.argsort(tf.cast(~is_there, tf.int32), axis=-1, stable=True)
    counts = tf.reduce_sum(tf.cast(is_there, tf.int32), -1)
    most = tf.reduce_max(counts)
    is_used = tf.range(most)[None] < counts[:, None]
    return tf.where(is_used, order[:, :most], -1)


def _upsampler(geometry: Geometry) -> Callable:
    count = len(geometry.views)

    @tf.function(
        input_signature=[
            [_GRID] * count,
            [_POSITIONS] * count,
            [_POSITIONS] * count,
        ]
    )
    @tf.autograph.experimental.do_not_convert
    def upsample(grids, rows, columns):
        maps = [
            geometry.upsampled(grid, down, across, is_mirrored)
            for grid, down, across, (_, is_mirrored) in zip(
                grids, rows, columns, geometry.views, strict=True
            )
        ]
        return tf.add_n(maps) / len(maps)

    return upsample
