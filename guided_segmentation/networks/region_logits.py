"""What a classifier says of regions of a photograph, each shown alone.

Source: Oh et al., CVPR 2017, section 5, guide labeller G1.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images

_AT_ONCE = 8  # Views of a photograph in one forward pass, which bounds memory.


def classifier(
    network: keras.Model, size: int
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Makes the function from a photograph and its regions to logits.

    What is not shown is zero after the subtraction of the mean.

    Args:
      network: The classifier, as networks.vgg16 builds it.
      size: Its input size; photographs are framed whole.

    Returns:
      A function from [height, width, 3] uint8 RGB and [height, width] int32
      numbers of regions, 1 to n, to [n + 1, num_objects] float32 logits: row 0
      of the whole photograph, row k of region k alone.
    """

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def of_some(image, numbers, wanted):
        wanted = wanted[:, None, None]
        is_shown = tf.logical_or(numbers == wanted, wanted == 0)
        inputs = images.subtract_mean(image)
        inputs = inputs * tf.cast(is_shown, tf.float32)[..., None]
        framed = images.frame(inputs, size, "whole")
        return network(framed.pixels, training=False)

    def of_all(image, numbers):
        wanted = np.arange(numbers.max() + 1, dtype=np.int32)
        chunks = np.split(wanted, range(_AT_ONCE, len(wanted), _AT_ONCE))
        return np.concatenate([of_some(image, numbers, x) for x in chunks])

    return of_all
