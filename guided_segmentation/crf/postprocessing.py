"""crf-postproc: a dense CRF refines the output of a segmenter.

Source: Oh et al., CVPR 2017, section 6.1.
"""

import numpy as np

from guided_segmentation.crf.settings import DEEPLAB, CrfSettings
from guided_segmentation.crf.workers import infer


def postprocess(
    image: np.ndarray,
    probabilities: np.ndarray,
    settings: CrfSettings = DEEPLAB,
) -> np.ndarray:
    """Refines a segmenter's probabilities along image edges: crf-postproc.

    Args:
      image: [height, width, 3] uint8 RGB.
      probabilities: [height, width, num_classes] float in [0, 1].
      settings: Weights and standard deviations of the edges, and steps.

    Returns:
      [height, width] uint8 label map of class indices, without IGNORE.

    Raises:
      ValueError: If the arrays do not fit each other, the image is not uint8
        or a probability is not finite.
    """
    smallest = np.finfo(np.float32).tiny  # Keeps the energy of a 0 finite.
    energy = -np.log(np.maximum(probabilities, smallest))
    return infer(image, energy, settings).argmax(axis=-1).astype(np.uint8)
