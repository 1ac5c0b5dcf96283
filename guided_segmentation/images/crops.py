"""Training crops: random squares of photographs, determined by a seed."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from guided_segmentation.images.resizing import (
    reflected_indices,
    resize_longer_side,
    scaled,
)


def training_crop(
    image: tf.Tensor,
    label_map: tf.Tensor,
    seed: tf.Tensor,
    *,
    size: int,
    framing: str,
    scale: float | tf.Tensor = 1.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts one square training example, flipped with probability 1/2.

    Args:
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices and IGNORE.
      seed: [2] int32; the same seed gives the same example.
      size: Side of the square in pixels.
      framing: Key of FRAMINGS.
      scale: [] float, factor by which the photograph is resized in addition
        to what `framing` does. If the result is larger than the square, a
        random part is cut out; if it is smaller, it is padded by reflection.

    Returns:
      [size, size, 3] float32 RGB in [0, 255] and [size, size] uint8.

    Example:
      >>> image, label_map = training_crop(
      ...     tf.zeros([40, 60, 3], tf.uint8),
      ...     tf.ones([40, 60], tf.uint8),
      ...     tf.constant([0, 1]),
      ...     size=33,
      ...     framing="whole",
      ... )
      >>> image.shape.as_list(), label_map.shape.as_list()
      ([33, 33, 3], [33, 33])
    """
    label_map = label_map[..., None]
    if framing == "tight":
        trim_seed, _ = tf.unstack(tf.random.split(seed, 2))
        image, label_map = _trim(image, label_map, trim_seed)
    if framing != "crop" or tf.is_tensor(scale) or scale != 1:
        image = tf.cast(image, tf.float32)
        side = tf.reduce_max(tf.shape(image)[:2]) if framing == "crop" else size
        side = scaled(side, scale)
        image = resize_longer_side(image, side, "bilinear")
        label_map = resize_longer_side(label_map, side, "nearest")
    image = tf.cast(_random_square(image, seed, size), tf.float32)
    label_map = _random_square(label_map, seed, size)
    return image, label_map[..., 0]


def draw_flip(seed: tf.Tensor) -> tf.Tensor:
    """Draws whether an example is mirrored left to right.

    Args:
      seed: [2] int32; the same seed gives the same result.

    Returns:
      A bool scalar, True with probability 1/2.
    """
    return tf.random.stateless_uniform([], seed) < 0.5


def draw_corner(seed: tf.Tensor, space: tf.Tensor) -> tf.Tensor:
    """Draws the upper left corner at which a square is cut out.

    Args:
      seed: [2] int32; the same seed gives the same corner.
      space: [2] int32, the last row and column at which it may be.

    Returns:
      [2] int32 row and column, each uniform in 0 ... `space`.
    """
    _, corner_seed = tf.unstack(tf.random.split(seed, 2))
    return _uniform_integers(corner_seed, space)


def draw_value(values: Sequence[float], seed: tf.Tensor) -> float | tf.Tensor:
    """Draws one of some values, each with the same probability.

    Args:
      values: One value or more, all integers or all floats.
      seed: [2] int32; the same seed gives the same value.

    Returns:
      A scalar int32 or float32 tensor; a single value is returned as it is.
    """
    if len(values) == 1:
        return values[0]
    value_seed = tf.random.experimental.stateless_fold_in(seed, 1)
    index = _uniform_integers(value_seed, tf.constant([len(values) - 1]))[0]
    return tf.gather(tf.constant(list(values)), index)


def _random_square(tensor: tf.Tensor, seed: tf.Tensor, size: int) -> tf.Tensor:
    """[size, size, channels], cut where and mirrored as `seed` says.

    Only the pixels of the square are read, each once: padding, cutting and
    mirroring change which rows and columns these are.
    """
    shape = tf.shape(tensor)[:2]
    corner = draw_corner(seed, tf.maximum(shape - size, 0))
    rows, columns = (
        reflected_indices(shape[axis], size)[corner[axis] :][:size]
        for axis in (0, 1)
    )
    columns = tf.where(draw_flip(seed), columns[::-1], columns)
    square = tf.gather(tf.gather(tensor, rows), columns, axis=1)
    return tf.ensure_shape(square, [size, size, tensor.shape[-1]])


def _trim(
    image: tf.Tensor, label_map: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Trims each side by an independent U[0, 10 %], as the release does."""
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    fractions = tf.random.stateless_uniform([2, 2], seed, 0.0, 0.1)
    start = tf.cast(fractions[0] * shape, tf.int32)
    stop = tf.shape(image)[:2] - tf.cast(fractions[1] * shape, tf.int32)
    window = (slice(start[0], stop[0]), slice(start[1], stop[1]))
    return image[window], label_map[window]


def _uniform_integers(seed: tf.Tensor, highest: tf.Tensor) -> tf.Tensor:
    """[n] int32, each uniform in 0 ... `highest`, an [n] int32 tensor."""
    fraction = tf.random.stateless_uniform(tf.shape(highest), seed)
    product = fraction * tf.cast(highest + 1, tf.float32)
    return tf.minimum(tf.cast(product, tf.int32), highest)
