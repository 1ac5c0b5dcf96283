"""What is done to an image and its maps together, in TensorFlow.

Every function works eagerly, inside tf.data and inside a SavedModel, so that
training, prediction and serving see the same pixels. Pixel (row, column) of an
image has its centre at those very coordinates.

Source: Oh et al., CVPR 2017, section 6.1, and the authors' implementation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

# Per-channel mean of ILSVRC 2012 as used by the authors, blue, green, red.
MEAN_BGR = (104.007, 116.669, 122.679)

FRAMINGS = {
    "whole": "the whole photograph, longer side resized to the input size",
    "tight": "as whole, but in training each side is first trimmed by 0-10 %",
    "crop": "native scale: random crops in training, all of it in prediction",
}


class Framed(NamedTuple):
    """A photograph as a network sees it.

    Attributes:
      pixels: [..., rows, columns, 3] float32 RGB in [0, 255].
      rows: [height] float32, for every row of the photograph its place in
        `pixels`.
      columns: [width] float32, likewise.
    """

    pixels: tf.Tensor
    rows: tf.Tensor
    columns: tf.Tensor


def subtract_mean(image: tf.Tensor) -> tf.Tensor:
    """Turns RGB into what a Caffe VGG16 takes: BGR around zero.

    Args:
      image: [..., 3] uint8 or float RGB in [0, 255].

    Returns:
      [..., 3] float32 BGR minus MEAN_BGR.
    """
    # Not tf.reverse: TensorFlow Lite gives its int8 kernel another scale.
    bgr = tf.gather(tf.cast(image, tf.float32), [2, 1, 0], axis=-1)
    return bgr - tf.constant(MEAN_BGR)


def resize_longer_side(
    tensor: tf.Tensor, size: int | tf.Tensor, method: str
) -> tf.Tensor:
    """Resizes so that the longer side is `size`, up or down.

    Args:
      tensor: [..., height, width, channels].
      size: Pixels of the longer side afterwards.
      method: "bilinear" or "nearest".

    Returns:
      [..., new height, new width, channels]; float32 if bilinear.
    """
    shape = tf.cast(tf.shape(tensor)[-3:-1], tf.float64)
    shape = shape * tf.cast(size, tf.float64) / tf.reduce_max(shape)
    shape = tf.maximum(tf.cast(tf.round(shape), tf.int32), 1)
    return tf.image.resize(tensor, shape, method=method)


def reflect_pad(tensor: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Pads around the centre by reflection without repeating the edge.

    Unlike tf.pad it also fills more than the image's own size. What is large
    enough already stays as it is.

    Args:
      tensor: [..., rows, columns, channels].
      height: Rows at least wanted.
      width: Columns at least wanted.

    Returns:
      [..., max(rows, height), max(columns, width), channels].
    """
    rows, columns = tf.shape(tensor)[-3], tf.shape(tensor)[-2]
    tensor = tf.gather(tensor, _reflected(rows, height), axis=-3)
    return tf.gather(tensor, _reflected(columns, width), axis=-2)


def frame(image: tf.Tensor, size: int | tf.Tensor, framing: str) -> Framed:
    """Fits photographs of one size to a network for prediction.

    Args:
      image: [..., height, width, 3] uint8 or float RGB.
      size: Input size of the network in pixels.
      framing: Key of FRAMINGS. With "crop" the photograph keeps its scale
        and is padded to at least `size` and to 8 n + 1 pixels.

    Returns:
      The network's input and the place of each pixel in it.
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
        _places(shape[0], resized[0], offset[0]),
        _places(shape[1], resized[1], offset[1]),
    )


def crop_canvas(shape: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Returns rows and columns that `frame` pads a photograph to with "crop".

    Args:
      shape: [2] int32 height and width of the photograph.
      size: Input size of the network in pixels.
    """
    return tf.maximum((shape + 6) // 8 * 8 + 1, size)


def sample(grid: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Reads a grid at fractional places, linear between its points.

    Args:
      grid: [..., grid rows, grid columns, channels] float32.
      rows: [height] float32 places in grid rows; clipped to the grid.
      columns: [width] float32 places in grid columns; clipped to the grid.

    Returns:
      [..., height, width, channels] float32.
    """
    shape = tf.shape(grid)
    down, across = _hats(rows, shape[-3]), _hats(columns, shape[-2])
    flat = tf.reshape(grid, tf.concat([shape[:-2], [-1]], 0))
    narrow = tf.concat([shape[:-3], tf.shape(rows), shape[-2:]], 0)
    return across @ tf.reshape(down @ flat, narrow)


def upsample_to_image(
    grid: tf.Tensor, framed: Framed, stride: int, origin: float
) -> tf.Tensor:
    """Reads a network's output at every pixel of the photograph.

    Args:
      grid: [..., grid rows, grid columns, channels] float, the output on
        `framed.pixels`.
      framed: What the network saw.
      stride: Pixels between neighbouring cells of the grid.
      origin: Pixel on which cell 0 is centred.

    Returns:
      [..., height, width, channels] float32, at the photograph's size.
    """
    return sample(
        tf.cast(grid, tf.float32),
        (framed.rows - origin) / stride,
        (framed.columns - origin) / stride,
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
    """Cuts one square training example, flipped half of the time.

    Args:
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8.
      seed: [2] int32; the same seed cuts the same example.
      size: Side of the square in pixels.
      framing: Key of FRAMINGS.
      scale: The photograph is resized by this factor beside what `framing`
        does. Of what is larger than the square a random part is cut, what is
        smaller is padded by reflection.

    Returns:
      [size, size, 3] float32 RGB and [size, size] uint8.
    """
    label_map = label_map[..., None]
    if framing == "tight":
        own, _ = tf.unstack(tf.random.split(seed, 2))
        image, label_map = _trim(image, label_map, own)
    image = tf.cast(image, tf.float32)
    if framing != "crop" or tf.is_tensor(scale) or scale != 1:
        whole = tf.reduce_max(tf.shape(image)[:2])
        longer = scaled(whole if framing == "crop" else size, scale)
        image = resize_longer_side(image, longer, "bilinear")
        label_map = resize_longer_side(label_map, longer, "nearest")
    image = reflect_pad(image, size, size)
    label_map = reflect_pad(label_map, size, size)
    at = draw_corner(seed, tf.shape(image)[:2] - size)
    image = image[at[0] : at[0] + size, at[1] : at[1] + size]
    label_map = label_map[at[0] : at[0] + size, at[1] : at[1] + size]
    mirror = draw_flip(seed)
    image = tf.where(mirror, tf.reverse(image, [1]), image)
    label_map = tf.where(mirror, tf.reverse(label_map, [1]), label_map)
    image = tf.ensure_shape(image, [size, size, 3])
    return image, tf.ensure_shape(label_map, [size, size, 1])[..., 0]


def scaled_size(size: int, scale: float, stride: int = 8) -> int:
    """Returns the side of a whole photograph at a scale: whole cells, plus 1.

    Args:
      size: Side at scale 1 in pixels, `stride` n + 1.
      scale: Factor on it.
      stride: Pixels to a cell.
    """
    return round((size - 1) * scale / stride) * stride + 1


def scaled(length: int | tf.Tensor, scale: float | tf.Tensor) -> tf.Tensor:
    """Returns `length` pixels times `scale`, rounded, as an int32 scalar."""
    product = tf.cast(length, tf.float32) * tf.cast(scale, tf.float32)
    return tf.cast(tf.round(product), tf.int32)


def whole_label_map(label_map: tf.Tensor, size: int | tf.Tensor) -> tf.Tensor:
    """Fits a label map as `frame` fits its photograph whole.

    Args:
      label_map: [height, width] uint8.
      size: Input size of the network in pixels.

    Returns:
      [size, size] uint8.
    """
    label_map = resize_longer_side(label_map[..., None], size, "nearest")
    return reflect_pad(label_map, size, size)[..., 0]


def draw_flip(seed: tf.Tensor) -> tf.Tensor:
    """Tosses the coin that mirrors an example: a bool scalar by `seed`."""
    return tf.random.stateless_uniform([], seed) < 0.5


def draw_corner(seed: tf.Tensor, space: tf.Tensor) -> tf.Tensor:
    """Draws where a square is cut: [2] int32, row and column by `seed`.

    Args:
      seed: [2] int32.
      space: [2] int32, the last row and column it may start at.
    """
    _, own = tf.unstack(tf.random.split(seed, 2))
    return _uniform_integers(own, space)


def draw_value(values: Sequence[float], seed: tf.Tensor) -> float | tf.Tensor:
    """Draws one of `values` by `seed`, a scalar; each is as likely."""
    if len(values) == 1:
        return values[0]
    own = tf.random.experimental.stateless_fold_in(seed, 1)
    index = _uniform_integers(own, tf.constant([len(values) - 1]))[0]
    return tf.gather(tf.constant(list(values)), index)


def _trim(image, label_map, seed):
    """Trims each side by an independent U[0, 10 %], as the release does."""
    shape = tf.cast(tf.shape(image)[:2], tf.float32)
    shares = tf.random.stateless_uniform([2, 2], seed, 0.0, 0.1)
    start = tf.cast(shares[0] * shape, tf.int32)
    stop = tf.shape(image)[:2] - tf.cast(shares[1] * shape, tf.int32)
    window = (slice(start[0], stop[0]), slice(start[1], stop[1]))
    return image[window], label_map[window]


def _uniform_integers(seed, highest):
    """[n] int32, each in 0 ... highest, an int32 vector."""
    share = tf.random.stateless_uniform(tf.shape(highest), seed)
    product = share * tf.cast(highest + 1, tf.float32)
    return tf.minimum(tf.cast(product, tf.int32), highest)


def _reflected(length, wanted):
    """Indices into `length` points that fill `wanted` by reflection."""
    wanted = tf.maximum(wanted, length)
    period = tf.maximum(2 * (length - 1), 1)
    # Even around 0; of what is negative ONNX has another remainder.
    index = tf.abs(tf.range(wanted) - (wanted - length) // 2) % period
    return tf.minimum(index, period - index) % length


def _places(length, resized, offset):
    """Places of `length` pixels after a resize and a shift."""
    scale = tf.cast(resized, tf.float32) / tf.cast(length, tf.float32)
    centre = (tf.range(tf.cast(length, tf.float32)) + 0.5) * scale - 0.5
    last = tf.cast(resized, tf.float32) - 1.0
    return tf.clip_by_value(centre, 0.0, last) + tf.cast(offset, tf.float32)


def _hats(places, length):
    """[places, length] weights of linear interpolation; rows sum to one."""
    points = tf.range(tf.cast(length, tf.float32))
    places = tf.clip_by_value(places, 0.0, points[-1])
    return tf.maximum(0.0, 1.0 - tf.abs(places[:, None] - points))
