"""Functional Keras models of the paper, and their pretrained weights."""
