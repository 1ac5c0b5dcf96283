"""What the signatures of a servable take."""

import tensorflow as tf

IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
IMAGE_BYTES = tf.TensorSpec([None], tf.string, "image_bytes")
