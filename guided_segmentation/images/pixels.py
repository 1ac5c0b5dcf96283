"""Values of pixels: mean subtraction, and interpolation between pixels."""

from __future__ import annotations

import tensorflow as tf

# Mean of ILSVRC 2012 per channel as the authors use it: blue, green, red.
MEAN_BGR = (104.007, 116.669, 122.679)


def subtract_mean(image: tf.Tensor) -> tf.Tensor:
    """Converts RGB to the input of a Caffe VGG16: BGR, centred at zero.

    Args:
      image: [..., 3] uint8 or float RGB in [0, 255].

    Returns:
      [..., 3] float32 BGR minus MEAN_BGR.

    Example:
      >>> red = tf.constant([255, 0, 0], tf.uint8)
      >>> subtract_mean(red).numpy().round().tolist()
      [-104.0, -117.0, 132.0]
    """
    # Not tf.reverse: TensorFlow Lite quantizes the output of its int8 kernel
    # with another scale than the input.
    bgr = tf.gather(tf.cast(image, tf.float32), [2, 1, 0], axis=-1)
    return bgr - tf.constant(MEAN_BGR)


def sample(grid: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Interpolates a grid bilinearly at fractional positions.

    Args:
      grid: [..., grid rows, grid columns, channels] float32.
      rows: [height] float32 positions in grid rows; clipped to the grid.
      columns: [width] float32 positions in grid columns; clipped to the grid.

    Returns:
      [..., height, width, channels] float32, in the range of `grid`.

    Example:
      >>> grid = tf.constant([[[0.0], [10.0]]])  # One row, two columns.
      >>> columns = tf.constant([0.0, 0.25, 9.0])
      >>> sample(grid, tf.constant([0.0]), columns)[0, :, 0].numpy().tolist()
      [0.0, 2.5, 10.0]
    """
    shape = tf.shape(grid)
    down = _linear_weights(rows, shape[-3])
    across = _linear_weights(columns, shape[-2])
    flat = tf.reshape(grid, tf.concat([shape[:-2], [-1]], 0))
    narrow = tf.concat([shape[:-3], tf.shape(rows), shape[-2:]], 0)
    return across @ tf.reshape(down @ flat, narrow)


def _linear_weights(positions: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """[positions, length] weights of linear interpolation; rows sum to one."""
    points = tf.range(tf.cast(length, tf.float32))
    positions = tf.clip_by_value(positions, 0.0, points[-1])
    return tf.maximum(0.0, 1.0 - tf.abs(positions[:, None] - points))
