"""Readers of images and their labels, and the tf.data pipeline."""
