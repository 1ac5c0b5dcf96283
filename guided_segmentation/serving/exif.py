"""The EXIF orientation of JPEGs and PNGs, in TensorFlow operations alone.

A served model turns photographs upright as artifacts.read_image does.

Source: CIPA DC-008 (Exif 2.32), sections 4.5 and 4.6.4; the PNG specification,
chunk eXIf.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

UPRIGHT = 1  # The orientation of a photograph that needs no turn.

_TAG = 0x0112  # Of the orientation.
_SHORT = 3  # Type of an entry: two bytes; others have four.
_ENTRY_BYTES = 12
_NOWHERE = 2**40  # A position beyond the end of every file.
_MAX_ENTRIES = 1000  # Of a directory; a damaged file may name 65,535.
_MIRRORED = (2, 3, 6, 7)  # Columns are reversed, after rows and columns
_UPSIDE_DOWN = (3, 4, 7, 8)  # are swapped if the turn is a quarter turn.
_QUARTER_TURNS = (5, 6, 7, 8)

# Takes [...] int64 positions and the number of bytes there; returns [...]
# int64. Beyond the end of the file there are zeros.
_Read = Callable[..., "tf.Tensor"]


def orientation(content: tf.Tensor) -> tf.Tensor:
    """Returns the EXIF orientation of a photograph.

    Args:
      content: [] string, a JPEG, a PNG or anything else.

    Returns:
      [] int64 in [1, 8]; UPRIGHT if there is none, or if it is damaged.
    """
    data = tf.pad(tf.io.decode_raw(content, tf.uint8), [[0, 1]])
    read = functools.partial(_big_endian, data)
    size = tf.size(data, tf.int64)
    is_png = read(0, 4) == 0x89504E47
    start = tf.cond(
        is_png, lambda: _start_in_png(read, size), lambda: _start_in_jpeg(read)
    )
    return tf.where(start < size, _orientation_at(data, start), UPRIGHT)


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns a photograph upright.

    Args:
      image: [height, width, channels], as stored.
      orientation: [] int64, of the function of this name.

    Returns:
      [height, width, channels], or [width, height, channels] after a quarter
      turn, of the same dtype.
    """

    def is_in(cases):
        return tf.reduce_any(orientation == tf.constant(cases, tf.int64))

    image = tf.cond(
        is_in(_QUARTER_TURNS),
        lambda: tf.transpose(image, [1, 0, 2]),
        lambda: image,
    )
    return tf.reverse(
        image, tf.where([is_in(_UPSIDE_DOWN), is_in(_MIRRORED)])[:, 0]
    )


def _start_in_jpeg(read: _Read) -> tf.Tensor:
    """Position of the TIFF header in the segment APP1; _NOWHERE if none."""

    def is_exif(at):
        is_app1 = read(at, 2) == 0xFFE1
        return is_app1 & (read(at + 4, 4) == 0x45786966)  # "Exif"

    def is_before_image(at):
        marker = read(at + 1, 1)
        is_segment = (read(at, 1) == 0xFF) & (marker < 0xFF) & (marker > 0)
        ends = (marker == 0xD9) | (marker == 0xDA)  # End, start of the pixels.
        return is_segment & ~ends & ~is_exif(at)

    at = tf.while_loop(
        is_before_image,
        lambda at: [at + 2 + tf.maximum(read(at + 2, 2), 2)],
        [tf.constant(2, tf.int64)],
    )[0]
    return tf.where(is_exif(at), at + 10, _NOWHERE)


def _start_in_png(read: _Read, size: tf.Tensor) -> tf.Tensor:
    """Position of the TIFF header in the chunk eXIf; _NOWHERE if none."""

    def is_exif(at):
        return read(at + 4, 4) == 0x65584966  # "eXIf"

    at = tf.while_loop(
        lambda at: (at < size) & ~is_exif(at),
        lambda at: [at + 12 + read(at, 4)],
        [tf.constant(8, tf.int64)],
    )[0]
    return tf.where(is_exif(at), at + 8, _NOWHERE)


def _orientation_at(data: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    """Reads the orientation of the TIFF header at a position."""
    order = _big_endian(data, start, 2)
    is_little = order == 0x4949  # "II"; "MM" is big-endian.

    def read(at, count):
        little = _little_endian(data, at, count)
        return tf.where(is_little, little, _big_endian(data, at, count))

    is_tiff = (is_little | (order == 0x4D4D)) & (read(start + 2, 2) == 42)
    directory = start + read(start + 4, 4)
    count = tf.minimum(read(directory, 2), _MAX_ENTRIES)
    entries = directory + 2 + _ENTRY_BYTES * tf.range(count)
    is_short = read(entries + 2, 2) == _SHORT
    value = tf.where(is_short, read(entries + 8, 2), read(entries + 8, 4))
    is_told = (read(entries, 2) == _TAG) & (value >= 1) & (value <= 8)
    found = tf.reduce_max(tf.where(is_told, value, UPRIGHT))
    return tf.where(is_tiff & (count > 0), found, UPRIGHT)


def _big_endian(data, at, count):
    """Reads integers of `count` bytes, the highest first."""
    return _weighed(data, at, [256 ** (count - 1 - i) for i in range(count)])


def _little_endian(data, at, count):
    """Reads integers of `count` bytes, the lowest first."""
    return _weighed(data, at, [256**i for i in range(count)])


def _weighed(data, at, factors):
    """Adds the bytes from [...] positions on, each times its factor.

    `data` ends with a zero, which is read beyond the end too.
    """
    at = tf.expand_dims(tf.convert_to_tensor(at, tf.int64), -1)
    places = at + tf.range(len(factors), dtype=tf.int64)
    places = tf.minimum(places, tf.size(data, tf.int64) - 1)
    found = tf.cast(tf.gather(data, places), tf.int64)
    return tf.reduce_sum(found * tf.constant(factors, tf.int64), -1)
