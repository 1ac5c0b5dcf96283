"""Data sets: readers, writers, and the tf.data pipelines of training."""
