"""Class probabilities of many photographs: `prediction.dense` in batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import batches, deeplab_v1, prediction

_MAX_PIXELS = 2**21  # With "crop": the first layers take 1 GB.
_PIXELS = tf.TensorSpec([None, None, None, 3], tf.float32)
_GRID = tf.TensorSpec([1, None, None, None], tf.float32)
_POSITIONS = tf.TensorSpec([None], tf.float32)
_PHOTOGRAPH = tf.TensorSpec([None, None, 3], tf.uint8)


class Positions(NamedTuple):
    """Where the pixels of a photograph are in the output of a network.

    Attributes:
      rows: For each scale [height] float32 rows of cells.
      columns: For each scale [width] float32 columns of cells.
    """

    rows: list[np.ndarray]
    columns: list[np.ndarray]


def as_trained(
    network: keras.Model, settings: dict, **views
) -> batches.Predictor:
    """Returns `predictor` with the input size and the framing of the training.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
      settings: Settings of its training, as weights.load_trained returns them.
      **views: "scales", "flip" and "fusion" of `predictor`.
    """
    return predictor(
        network,
        size=settings["input_size"],
        framing=settings["framing"],
        **views,
    )


def predictor(
    network: keras.Model,
    *,
    size: int,
    framing: str,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    fusion: str = "mean",
) -> batches.Predictor:
    """Makes the predictor from photographs to class probabilities.

    Framing, forward pass and upsampling are one trace each, whatever the sizes
    of photographs and batches: no shape is part of a signature.

    Args:
      network: As `prediction.dense` takes it.
      size: Likewise.
      framing: Likewise.
      scales: Likewise.
      flip: Likewise.
      fusion: Likewise.

    Returns:
      A predictor of [height, width, num_classes] float32 probabilities in
      [0, 1]: in batches of one those of `prediction.dense`, bit for bit.
    """
    framers = [
        _framer(network, size, framing, scale, is_mirrored)
        for is_mirrored in (False, True)[: 1 + flip]
        for scale in scales
    ]
    logits = _forward(network)

    def run(inputs: batches.Arrays) -> batches.Arrays:
        return tuple(logits(each).numpy() for each in inputs)

    return batches.Predictor(
        frame=functools.partial(_frames, framers, len(scales)),
        run=run,
        finish=_finisher(len(scales), flip, fusion),
        max_pixels=_MAX_PIXELS if framing == "crop" else batches.MAX_PIXELS,
    )


def _frames(
    framers: list[Callable], num_scales: int, image: np.ndarray
) -> batches.Frames:
    """Frames a photograph, one view after the other to save memory."""
    views = [framer(image) for framer in framers]
    return batches.Frames(
        tuple(view.pixels.numpy() for view in views),
        Positions(
            [view.rows.numpy() for view in views[:num_scales]],
            [view.columns.numpy() for view in views[:num_scales]],
        ),
    )


def _framer(
    network: keras.Model,
    size: int,
    framing: str,
    scale: float,
    is_mirrored: bool,
) -> Callable[[np.ndarray], images.Framed]:
    """Returns the function from a photograph to a view, with rows of cells."""
    origin = prediction.grid_origin(network)

    @tf.function(input_signature=[_PHOTOGRAPH])
    @tf.autograph.experimental.do_not_convert
    def framer(image):
        image = tf.reverse(image, [1]) if is_mirrored else image
        view = prediction.framed(image, size, framing, scale)
        return view._replace(
            rows=(view.rows - origin) / deeplab_v1.STRIDE,
            columns=(view.columns - origin) / deeplab_v1.STRIDE,
        )

    return framer


def _forward(network: keras.Model) -> Callable[[np.ndarray], tf.Tensor]:
    @tf.function(input_signature=[_PIXELS])
    @tf.autograph.experimental.do_not_convert
    def logits(pixels):
        grid = network(images.subtract_mean(pixels), training=False)
        return tf.cast(grid, tf.float32)

    return logits


def _finisher(
    num_scales: int, flip: bool, fusion: str
) -> Callable[[batches.Arrays, Positions], np.ndarray]:
    """Returns the function from grids of all views to probabilities."""
    views = num_scales * (1 + flip)

    def fused(grids, rows, columns):
        logits = list(map(images.sample, grids, rows, columns))
        if fusion == "max":
            return [tf.nn.softmax(functools.reduce(tf.maximum, logits))]
        return [tf.nn.softmax(each) for each in logits]

    @tf.function(
        input_signature=[
            [_GRID] * views,
            [_POSITIONS] * num_scales,
            [_POSITIONS] * num_scales,
        ]
    )
    @tf.autograph.experimental.do_not_convert
    def probabilities(grids, rows, columns):
        found = fused(grids[:num_scales], rows, columns)
        if flip:
            mirrored = fused(grids[num_scales:], rows, columns)
            found += [tf.reverse(view, [2]) for view in mirrored]
        # A mean of one would copy 16 MB for a photograph of VOC.
        return found[0] if len(found) == 1 else tf.add_n(found) / len(found)

    def finish(outputs: batches.Arrays, places: Positions) -> np.ndarray:
        grids = [grid[np.newaxis] for grid in outputs]
        return probabilities(grids, places.rows, places.columns).numpy()[0]

    return finish
