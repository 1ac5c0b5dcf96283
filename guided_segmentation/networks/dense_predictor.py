"""Class probabilities of many photographs: `prediction.dense` in batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import batches, builders, prediction

_MAX_PIXELS = 2**21  # With "crop": the first layers take 1 GB.
_PIXELS = tf.TensorSpec([None, None, None, 3], tf.float32)
_FEATURES = tf.TensorSpec([None, None, None, None], tf.float16)
_GRID = tf.TensorSpec([1, None, None, None], tf.float32)
_POSITIONS = tf.TensorSpec([None], tf.float32)
_PHOTOGRAPH = tf.TensorSpec([None, None, 3], tf.uint8)


class Positions(NamedTuple):
    """Where the pixels of a photograph are in the output of a network.

    Attributes:
      rows: For each view [height] float32 rows of cells.
      columns: For each view [width] float32 columns of cells. Those of a mirror
        image are the places of the mirrored photograph.
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
      **views: "scales", "flip", "fusion" and "frozen_through" of `predictor`.
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
    frozen_through: str | None = None,
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
      frozen_through: Name of a layer. `frame` then also takes the output of
        that layer as training.features caches it, [2, cell rows, cell columns,
        channels] float16 for a photograph framed whole at scale 1 and for its
        mirror image, and the layers up to that one do not run again.

    Returns:
      A predictor of [height, width, num_classes] float32 probabilities in
      [0, 1]: in batches of one those of `prediction.dense`, bit for bit. From
      cached features they differ by the rounding to float16.
    """
    framers = [
        _framer(network, size, framing, scale, is_mirrored)
        for is_mirrored in (False, True)[: 1 + flip]
        for scale in scales
    ]
    mirror = (size - 1 - 2 * prediction.grid_origin(network)) / (
        prediction.grid_stride(network)
    )
    return batches.Predictor(
        frame=functools.partial(_frames, framers, mirror),
        run=_runner(network, frozen_through),
        finish=_finisher(len(scales), flip, fusion),
        max_pixels=_MAX_PIXELS if framing == "crop" else batches.MAX_PIXELS,
    )


def _frames(
    framers: list[Callable],
    mirror: float,
    image: np.ndarray,
    features: np.ndarray | None = None,
) -> batches.Frames:
    """Frames a photograph, one view after the other to save memory.

    Args:
      framers: Of the views.
      mirror: The column of cells that is 0 in the mirror image.
      image: [height, width, 3] uint8 RGB.
      features: As `frame` of `predictor` takes them.
    """
    if features is not None:
        view, count = framers[0](image), len(framers)
        rows, columns = view.rows.numpy(), view.columns.numpy()
        # The framed photograph is mirrored, not the photograph: an odd padding
        # lies on the other side.
        both = [columns, np.float32(mirror) - columns[::-1]]
        places = Positions([rows] * count, both[:count])
        return batches.Frames(tuple(features[:count]), places)
    views = [framer(image) for framer in framers]
    return batches.Frames(
        tuple(view.pixels.numpy() for view in views),
        Positions(
            [view.rows.numpy() for view in views],
            [view.columns.numpy() for view in views],
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
    stride = prediction.grid_stride(network)

    @tf.function(input_signature=[_PHOTOGRAPH])
    @tf.autograph.experimental.do_not_convert
    def framer(image):
        image = tf.reverse(image, [1]) if is_mirrored else image
        view = prediction.framed(image, size, framing, scale)
        return view._replace(
            rows=(view.rows - origin) / stride,
            columns=(view.columns - origin) / stride,
        )

    return framer


def _runner(
    network: keras.Model, frozen_through: str | None
) -> Callable[[batches.Arrays], batches.Arrays]:
    """Returns the function from pixels or features of views to logits."""

    @tf.function(input_signature=[_PIXELS])
    @tf.autograph.experimental.do_not_convert
    def of_pixels(pixels):
        grid = network(images.subtract_mean(pixels), training=False)
        return tf.cast(grid, tf.float32)

    of_features = frozen_through and _above(network, frozen_through)

    def run(inputs: batches.Arrays) -> batches.Arrays:
        are_features = inputs[0].dtype == np.float16
        logits = of_features if are_features else of_pixels
        return tuple(logits(each).numpy() for each in inputs)

    return run


def _above(network: keras.Model, frozen_through: str) -> Callable:
    _, upper = builders.split(network, frozen_through)

    @tf.function(input_signature=[_FEATURES])
    @tf.autograph.experimental.do_not_convert
    def of_features(features):
        return tf.cast(upper(features, training=False), tf.float32)

    return of_features


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
            [_POSITIONS] * views,
            [_POSITIONS] * views,
        ]
    )
    @tf.autograph.experimental.do_not_convert
    def probabilities(grids, rows, columns):
        found = fused(grids[:num_scales], rows, columns)
        if flip:
            mirrored = fused(
                *(each[num_scales:] for each in (grids, rows, columns))
            )
            found += [tf.reverse(view, [2]) for view in mirrored]
        # A mean of one would copy 16 MB for a photograph of VOC.
        return found[0] if len(found) == 1 else tf.add_n(found) / len(found)

    def finish(outputs: batches.Arrays, places: Positions) -> np.ndarray:
        grids = [grid[np.newaxis] for grid in outputs]
        return probabilities(grids, places.rows, places.columns).numpy()[0]

    return finish
