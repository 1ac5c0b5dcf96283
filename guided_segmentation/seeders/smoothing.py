"""Gaussian smoothing in the graph, by the library of either stack."""

import math
import warnings

import keras
import tensorflow as tf

from guided_segmentation import images

if hasattr(keras, "ops"):  # Keras 3, where TensorFlow Addons does not exist.
    from keras.ops import image as _keras

    def _filter(maps, window, sigma):
        return _keras.gaussian_blur(maps, window, (sigma, sigma))

else:
    with warnings.catch_warnings():  # That its development has ended.
        warnings.simplefilter("ignore")
        from tensorflow_addons import image as _addons

    def _filter(maps, window, sigma):
        return _addons.gaussian_filter2d(maps, window, sigma, "CONSTANT")


def gaussian(maps: tf.Tensor, sigma: float) -> tf.Tensor:
    """Smooths maps, reflected at the border without its edge.

    Down the columns, then along the rows: the cost grows with sigma, not with
    its square, and so does the memory (17 taps a cell where 289 would be laid
    out for a sigma of 2).

    Args:
      maps: [count, rows, columns] float32.
      sigma: Deviation in cells, after four of which the kernel ends; 0 leaves
        the maps as they are.

    Returns:
      [count, rows, columns] float32.
    """
    if sigma == 0:
        return maps
    radius = math.ceil(4 * sigma)
    rows, columns = tf.unstack(tf.shape(maps)[1:])
    around = [rows + 2 * radius, columns + 2 * radius]
    padded = images.reflect_pad(maps[..., None], *around)
    taps = 2 * radius + 1
    blurred = _filter(_filter(padded, (taps, 1), sigma), (1, taps), sigma)
    return blurred[:, radius : radius + rows, radius : radius + columns, 0]
