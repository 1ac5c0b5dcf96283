"""A thin VGG16 classifier and a photograph, for the tests of seeders."""

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import vgg16
from guided_segmentation.seeders import backprop

SIZE = 193
OBJECTS = np.arange(3, dtype=np.int32)


def classifier(method, **arguments):
    """Returns a network of fixed weights, built for a method of backprop."""
    keras.utils.set_random_seed(0)
    sizes = {
        "width_multiplier": 1 / 16,
        "head_channels": 8,
        "score_init_stddev": 0.1,
    }
    rules = backprop.METHODS[method]
    return vgg16.classifier(3, **sizes, **rules, **arguments)


def photograph(height=40, width=65):
    """Returns [height, width, 3] uint8 noise of large pixels."""
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    large = tf.image.resize(noise, [height, width], "nearest")
    return tf.cast(large, tf.uint8)


def inputs():
    """Returns the network input of the photograph."""
    framed = images.frame(photograph(), SIZE, "whole")
    return images.subtract_mean(framed.pixels)[None]
