"""Sizes of images: resizing, and padding by reflection."""

from __future__ import annotations

import tensorflow as tf


def resize_longer_side(
    tensor: tf.Tensor, size: int | tf.Tensor, method: str
) -> tf.Tensor:
    """Resizes, up or down, so that the longer side has `size` pixels.

    Args:
      tensor: [..., height, width, channels] of any dtype and range.
      size: [] integer, new length of the longer side in pixels. The shorter
        side keeps the aspect ratio, rounded to whole pixels.
      method: "bilinear" or "nearest".

    Returns:
      [..., new height, new width, channels] in the range of `tensor`; float32
      if bilinear, the dtype of `tensor` if nearest.

    Example:
      >>> image = tf.zeros([30, 60, 3])
      >>> resize_longer_side(image, 20, "bilinear").shape.as_list()
      [10, 20, 3]
    """
    shape = tf.cast(tf.shape(tensor)[-3:-1], tf.float64)
    shape = shape * tf.cast(size, tf.float64) / tf.reduce_max(shape)
    shape = tf.maximum(tf.cast(tf.round(shape), tf.int32), 1)
    return tf.image.resize(tensor, shape, method=method)


def reflect_pad(
    tensor: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor
) -> tf.Tensor:
    """Pads around the centre by reflection, without repeating the edge.

    Unlike tf.pad, it reflects repeatedly where the padding is wider than the
    image. A side that is long enough is not changed.

    Args:
      tensor: [..., rows, columns, channels] of any dtype and range.
      height: [] integer, rows wanted at least.
      width: [] integer, columns wanted at least.

    Returns:
      [..., max(rows, height), max(columns, width), channels], dtype and range
      of `tensor`.

    Example:
      >>> row = tf.reshape(tf.range(3), [1, 3, 1])
      >>> reflect_pad(row, 1, 7)[0, :, 0].numpy().tolist()
      [2, 1, 0, 1, 2, 1, 0]
    """
    rows, columns = tf.shape(tensor)[-3], tf.shape(tensor)[-2]
    tensor = tf.gather(tensor, reflected_indices(rows, height), axis=-3)
    return tf.gather(tensor, reflected_indices(columns, width), axis=-2)


def scaled_size(size: int, scale: float, stride: int = 8) -> int:
    """Returns the side of a framed photograph at a scale.

    Args:
      size: Side at scale 1 in pixels.
      scale: Factor on it.
      stride: Pixels per cell.

    Returns:
      The multiple of `stride` plus 1 that is nearest to the scaled side;
      `size` as it is at scale 1.

    Example:
      >>> scaled_size(321, 1.5)
      481
      >>> scaled_size(224, 1.0)
      224
    """
    if scale == 1:
        return size
    return round((size - 1) * scale / stride) * stride + 1


def scaled(length: int | tf.Tensor, scale: float | tf.Tensor) -> tf.Tensor:
    """Returns `length` pixels times `scale`, rounded, [] int32.

    Args:
      length: [] integer or float.
      scale: [] float.
    """
    product = tf.cast(length, tf.float32) * tf.cast(scale, tf.float32)
    return tf.cast(tf.round(product), tf.int32)


def reflected_indices(length: tf.Tensor, wanted: int | tf.Tensor) -> tf.Tensor:
    """Returns which pixels a side that is padded by `reflect_pad` shows.

    Args:
      length: [] int32, pixels of the side, at least 1.
      wanted: [] integer, pixels wanted at least.

    Returns:
      [max(length, wanted)] int32 in 0 ... `length` - 1.

    Example:
      >>> reflected_indices(tf.constant(3), 7).numpy().tolist()
      [2, 1, 0, 1, 2, 1, 0]
    """
    wanted = tf.maximum(wanted, length)
    period = tf.maximum(2 * (length - 1), 1)
    # The reflection is even around 0; the absolute value avoids the remainder
    # of negative numbers, which ONNX defines otherwise.
    index = tf.abs(tf.range(wanted) - (wanted - length) // 2) % period
    return tf.minimum(index, period - index) % length
