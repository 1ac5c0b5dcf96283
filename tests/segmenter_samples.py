"""A photograph of two halves, and probabilities that are unsure of them."""

import numpy as np

from guided_segmentation import crf

STRONG = crf.CrfSettings(
    bilateral_weight=10.0, bilateral_xy_px=20.0, num_steps=5
)


def halves(height=20, width=30):
    """A photograph, dark on the left and bright on the right."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[:, width // 2 :] = 210
    return image


def unsure(image):
    """Class 1 on the bright side, but for one wrong pixel on each."""
    bright = (image[..., 0] > 100).astype(np.float32)
    bright[5, 5], bright[5, 25] = 1, 0
    bright = 0.4 + 0.2 * bright
    return np.stack([1 - bright, bright, 0 * bright + 1e-6], -1)
