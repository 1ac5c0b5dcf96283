"""Framing: how a photograph fills the input of a network, and the way back."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from guided_segmentation.images.pixels import sample
from guided_segmentation.images.resizing import reflect_pad, resize_longer_side

FRAMINGS = {
    "whole": "the whole photograph, longer side resized to the input size",
    "tight": "as whole, but in training each side is first trimmed by 0-10 %",
    "crop": "native scale: random crops in training, all of it in prediction",
}


class Framed(NamedTuple):
    """A photograph as the input of a network.

    Attributes:
      pixels: [..., rows, columns, 3] float32 RGB in [0, 255].
      rows: [height] float32, the row of `pixels` in which the centre of each
        row of the photograph lies.
      columns: [width] float32, likewise for columns.
    """

    pixels: tf.Tensor
    rows: tf.Tensor
    columns: tf.Tensor


def frame(image: tf.Tensor, size: int | tf.Tensor, framing: str) -> Framed:
    """Fits photographs of one size to the input of a network for prediction.

    Args:
      image: [..., height, width, 3] uint8 or float RGB in [0, 255].
      size: [] integer, network input size in pixels.
      framing: Key of FRAMINGS. With "crop" the photograph keeps its scale and
        is padded to at least `size` and to a multiple of 8 plus 1.

    Returns:
      The network's input, and where each pixel of the photograph is in it.

    Example:
      >>> framed = frame(tf.zeros([2, 4, 3]), 8, "whole")
      >>> framed.pixels.shape.as_list()
      [8, 8, 3]
      >>> framed.columns.numpy().tolist()
      [0.5, 2.5, 4.5, 6.5]
    """
    shape = tf.shape(image)[-3:-1]
    pixels = tf.cast(image, tf.float32)
    if framing == "crop":
        canvas = crop_canvas(shape, size)
    else:
        pixels = resize_longer_side(pixels, size, "bilinear")
        canvas = tf.stack([size, size])
    resized = tf.shape(pixels)[-3:-1]
    offset = (canvas - resized) // 2
    return Framed(
        reflect_pad(pixels, canvas[0], canvas[1]),
        _framed_positions(shape[0], resized[0], offset[0]),
        _framed_positions(shape[1], resized[1], offset[1]),
    )


def crop_canvas(shape: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Returns the size to which `frame` pads a photograph with "crop".

    Args:
      shape: [2] int32 height and width of the photograph.
      size: [] integer, network input size in pixels.

    Returns:
      [2] int32 rows and columns.

    Example:
      >>> crop_canvas(tf.constant([20, 50]), 33).numpy().tolist()
      [33, 57]
    """
    return tf.maximum((shape + 6) // 8 * 8 + 1, size)


def upsample_to_image(
    grid: tf.Tensor, framed: Framed, stride: int, origin: float
) -> tf.Tensor:
    """Interpolates a network's output at every pixel of the photograph.

    Args:
      grid: [..., grid rows, grid columns, channels] float, the output for
        `framed.pixels`.
      framed: The network's input.
      stride: Input pixels between neighbouring cells of the grid.
      origin: Input pixel on which the first cell is centred.

    Returns:
      [..., height, width, channels] float32 in the range of `grid`, at the
      size of the photograph.

    Example:
      >>> framed = frame(tf.zeros([9, 9, 3]), 9, "whole")
      >>> grid = tf.constant([[[0.0], [8.0]], [[0.0], [8.0]]])
      >>> upsample_to_image(grid, framed, 8, 0.0)[4, ::4, 0].numpy().tolist()
      [0.0, 4.0, 8.0]
    """
    return sample(
        tf.cast(grid, tf.float32),
        (framed.rows - origin) / stride,
        (framed.columns - origin) / stride,
    )


def whole_label_map(label_map: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Fits a label map to the input size as `frame` does with "whole".

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.
      size: [] integer, network input size in pixels.

    Returns:
      [size, size] uint8, resized to the nearest neighbour and padded.
    """
    label_map = resize_longer_side(label_map[..., None], size, "nearest")
    return reflect_pad(label_map, size, size)[..., 0]


def _framed_positions(
    length: tf.Tensor, resized: tf.Tensor, offset: tf.Tensor
) -> tf.Tensor:
    """[length] float32 positions of pixels after resizing and padding."""
    scale = tf.cast(resized, tf.float32) / tf.cast(length, tf.float32)
    centre = (tf.range(tf.cast(length, tf.float32)) + 0.5) * scale - 0.5
    last = tf.cast(resized, tf.float32) - 1.0
    return tf.clip_by_value(centre, 0.0, last) + tf.cast(offset, tf.float32)
