"""Division of a salient region that seeds of several classes touch.

Source: Oh et al., CVPR 2017, appendix E; the blur from the authors'
implementation.
"""

import cv2
import numpy as np

from guided_segmentation import crf as dense_crf
from guided_segmentation.guides.evidence import Evidence
from guided_segmentation.guides.settings import PAPER, GuideSettings

_ENERGIES = {"log": lambda share: -np.log(share), "prob": np.negative}


def divide(
    evidence: Evidence,
    mask: np.ndarray,
    classes: np.ndarray,
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Divides one salient region among several classes by a dense CRF.

    Args:
      evidence: Of the image, with seeds.
      mask: [height, width] bool, the region. The CRF sees nothing else, or
        by `settings.crf_extent` the whole image.
      classes: [num_classes] uint8 class indices to choose from.
      settings: Those of the CRF and its energies.

    Returns:
      [pixels of the mask] uint8 class indices, row by row.
    """
    shares = [
        blurred(evidence.seeds == index, settings.blur_px) for index in classes
    ]
    energy = _ENERGIES[settings.unary](np.stack(shares, axis=-1))
    nodes = mask if settings.crf_extent == "region" else None
    probabilities = dense_crf.infer(evidence.image, energy, settings.crf, nodes)
    return classes[probabilities[mask].argmax(axis=-1)]


def blurred(mask: np.ndarray, blur_px: float) -> np.ndarray:
    """Returns a mask clipped to [0.001, 0.999] under a Gaussian blur.

    The kernel ends at four standard deviations; the image is mirrored at its
    border, border pixels included, as SciPy's `gaussian_filter` does.

    Args:
      mask: [height, width] bool.
      blur_px: Standard deviation. 0 does not blur.

    Returns:
      [height, width] float32.
    """
    diameter = 2 * int(4 * blur_px + 0.5) + 1
    clipped = np.where(mask, np.float32(0.999), np.float32(0.001))
    return cv2.GaussianBlur(
        clipped, (diameter, diameter), blur_px, borderType=cv2.BORDER_REFLECT
    )
