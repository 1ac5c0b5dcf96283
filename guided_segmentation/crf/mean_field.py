"""Exact mean field of a dense CRF over all pairs of pixels, in TensorFlow.

crf.infer approximates it for whole photographs. The exact computation is fast
enough for a training step on small images: 41x41 pixels have 2.8 million
pairs.

Source: Krahenbuhl and Koltun, "Efficient inference in fully connected CRFs
with Gaussian edge potentials", NIPS 2011, algorithm 1.
"""

from __future__ import annotations

import tensorflow as tf

from guided_segmentation.crf.settings import CrfSettings


def infer(
    image: tf.Tensor, energy: tf.Tensor, settings: CrfSettings
) -> tf.Tensor:
    """Returns the mean-field probabilities of every class at every pixel.

    The edges are those of crf.infer: Potts model, kernels normalised
    symmetrically. Images are processed one at a time, so that memory holds
    the pairs of one image only: 11 MB per kernel at 41x41 pixels. Gradients
    pass through all steps.

    Args:
      image: [batch, height, width, 3] uint8 RGB.
      energy: [batch, height, width, num_classes] float32 unary energies of
        static height and width; the class of lower energy is the more
        probable one.
      settings: Weights and standard deviations of the edges, and steps.

    Returns:
      [batch, height, width, num_classes] float32 in [0, 1], summing to one
      over the classes.
    """
    _, height, width, num_classes = energy.shape
    nodes = height * width
    near = _squared_distances(_positions(height, width))
    smooth = settings.gaussian_weight * _kernel(
        near / settings.gaussian_xy_px**2
    )

    def infer_one(image_and_energy: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        colour, unary = image_and_energy
        alike = (
            near / settings.bilateral_xy_px**2
            + _squared_distances(colour) / settings.bilateral_rgb**2
        )
        edges = smooth + settings.bilateral_weight * _kernel(alike)
        return _probabilities(edges, unary, settings.num_steps)

    found = tf.map_fn(
        infer_one,
        (
            tf.reshape(tf.cast(image, tf.float32), [-1, nodes, 3]),
            tf.reshape(energy, [-1, nodes, num_classes]),
        ),
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec([nodes, num_classes], tf.float32),
    )
    return tf.reshape(found, [-1, height, width, num_classes])


def _probabilities(
    edges: tf.Tensor, unary: tf.Tensor, num_steps: int
) -> tf.Tensor:
    """[nodes, num_classes] float32 after some mean-field steps.

    Args:
      edges: [nodes, nodes] float32 weights.
      unary: [nodes, num_classes] float32 energies.
      num_steps: Mean-field steps.
    """
    probabilities = tf.nn.softmax(-unary)
    for _ in range(num_steps):
        probabilities = tf.nn.softmax(tf.matmul(edges, probabilities) - unary)
    return probabilities


def _positions(height: int, width: int) -> tf.Tensor:
    """[nodes, 2] float32 row and column, row by row."""
    rows, columns = tf.meshgrid(
        tf.range(height), tf.range(width), indexing="ij"
    )
    nodes = tf.stack([rows, columns], axis=-1)
    return tf.cast(tf.reshape(nodes, [-1, 2]), tf.float32)


def _squared_distances(points: tf.Tensor) -> tf.Tensor:
    """[n, n] float32 between the rows of [n, d] whole numbers.

    They are exact, as positions and colours keep them below 2^24.
    """
    squares = tf.reduce_sum(points**2, axis=-1)
    products = tf.matmul(points, points, transpose_b=True)
    return squares[:, None] + squares[None] - 2 * products


def _kernel(squared_distances: tf.Tensor) -> tf.Tensor:
    """[n, n] Gaussian weights, normalised symmetrically."""
    weights = tf.exp(-0.5 * squared_distances)
    scale = tf.math.rsqrt(tf.reduce_sum(weights, axis=-1))
    return weights * scale[:, None] * scale[None]
