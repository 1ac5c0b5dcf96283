"""Dense CRF inference without approximation, over all pairs, in float64."""

import numpy as np
from scipy.special import softmax

from guided_segmentation import crf


def mean_field(
    image: np.ndarray,
    energy: np.ndarray,
    settings: crf.CrfSettings,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the probabilities that crf.infer approximates.

    Args:
      image: [height, width, 3] uint8 RGB.
      energy: [height, width, num_classes] float unary energies.
      settings: Of the pairwise terms.
      mask: [height, width] bool, True for the nodes; None for all pixels.

    Returns:
      [num_nodes, num_classes] float64 probabilities, row by row.
    """
    mask = np.ones(image.shape[:2], bool) if mask is None else mask
    position = np.argwhere(mask).astype(np.float64)
    colour = image[mask].astype(np.float64)
    near = position / settings.bilateral_xy_px
    alike = colour / settings.bilateral_rgb
    edges = settings.gaussian_weight * _kernel(
        position / settings.gaussian_xy_px
    ) + settings.bilateral_weight * _kernel(np.hstack([near, alike]))
    unary = energy[mask].astype(np.float64)
    probabilities = softmax(-unary, axis=1)
    for _ in range(settings.num_steps):
        probabilities = softmax(edges @ probabilities - unary, axis=1)
    return probabilities


def _kernel(features):
    """Gaussian kernel of all pairs of nodes, normalised symmetrically."""
    distances = ((features[:, None] - features[None]) ** 2).sum(-1)
    weights = np.exp(-0.5 * distances)
    scale = 1 / np.sqrt(weights.sum(axis=1))
    return weights * scale[:, None] * scale[None]
