"""Asks a segmenter that TensorFlow Serving serves, over REST or gRPC."""
