"""Logits of a classifier for the regions of a photograph, each shown alone.

Source: Oh et al., CVPR 2017, section 5, guide labeller G1.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images

_VIEWS_PER_PASS = 8  # Limits the memory of a forward pass.


def classifier(
    network: keras.Model, size: int
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Makes the function from a photograph and its regions to logits.

    Pixels outside a region are set to zero after the subtraction of the mean.

    Args:
      network: The classifier, as networks.vgg16 builds it.
      size: Network input size in pixels; photographs are framed whole.

    Returns:
      A function from [height, width, 3] uint8 RGB and [height, width] int32
      numbers of regions, 1 to n, to [n + 1, num_objects] float32 logits,
      before the sigmoid: row 0 for the whole photograph, row k for region k.
    """

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    @tf.autograph.experimental.do_not_convert
    def some_logits(image, regions, numbers):
        numbers = numbers[:, None, None]
        is_shown = tf.logical_or(regions == numbers, numbers == 0)
        inputs = images.subtract_mean(image)
        inputs = inputs * tf.cast(is_shown, tf.float32)[..., None]
        framed = images.frame(inputs, size, "whole")
        return network(framed.pixels, training=False)

    def logits(image, regions):
        numbers = np.arange(regions.max() + 1, dtype=np.int32)
        ends = range(_VIEWS_PER_PASS, len(numbers), _VIEWS_PER_PASS)
        return np.concatenate(
            [
                some_logits(image, regions, chunk)
                for chunk in np.split(numbers, ends)
            ]
        )

    return logits
