"""Gaussian smoothing of score maps, in TensorFlow.

Keras 3 and TensorFlow Addons (for Keras 2) provide the filter.
"""

from __future__ import annotations

import math
import warnings

import keras
import tensorflow as tf

from guided_segmentation import images

if hasattr(keras, "ops"):  # Keras 3, which TensorFlow Addons lacks.
    from keras.ops import image as _keras

    def _filter(maps, window, sigma):
        return _keras.gaussian_blur(maps, window, (sigma, sigma))

else:
    with warnings.catch_warnings():  # The import warns of its end of life.
        warnings.simplefilter("ignore")
        from tensorflow_addons import image as _addons

    def _filter(maps, window, sigma):
        return _addons.gaussian_filter2d(maps, window, sigma, "CONSTANT")


def gaussian(maps: tf.Tensor, sigma: float) -> tf.Tensor:
    """Smooths maps with a Gaussian that is cut at four standard deviations.

    Maps are reflected at the border without repeating the border cells. Two
    filters, along columns and along rows, take memory for 17 instead of 289
    taps per cell at a sigma of 2.

    Args:
      maps: [count, rows, columns] float32.
      sigma: Standard deviation in cells; 0 leaves the maps unchanged.

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
