"""The demo: a photograph and its tags in, every step to a segmenter out."""
