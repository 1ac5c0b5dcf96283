"""crf-seed: a dense CRF aligns score maps with the edges of the photograph.

Source: Oh et al., CVPR 2017, section 5 and appendix C.
"""

import numpy as np

from guided_segmentation import crf
from guided_segmentation.seeders import seeds

# Smallest probability before the logarithm, which keeps energies finite.
LOWEST = 1e-3


def refine(
    image: np.ndarray, score_maps: np.ndarray, settings: crf.CrfSettings
) -> np.ndarray:
    """Returns class probabilities of the dense CRF that score maps start.

    The CRF starts from the normalised score maps, clipped to [0, 1], and from
    one minus their largest value for the background. The paper leaves this
    open.

    >>> import numpy as np
    >>> image = np.zeros((1, 2, 3), np.uint8)
    >>> maps = np.array([[[8.0], [2.0]]])
    >>> print(refine(image, maps, crf.NONE)[..., 0].round(2))
    [[1.   0.25]]

    Args:
      image: [height, width, 3] uint8 RGB.
      score_maps: [height, width, K] float, unbounded.
      settings: Of the CRF.

    Returns:
      [height, width, K] float32 probabilities in [0, 1], without that of the
      background.
    """
    objects = np.clip(seeds.normalized(score_maps), 0, 1)
    background = 1 - objects.max(-1, keepdims=True, initial=0)
    start = np.append(background, objects, -1)
    energy = -np.log(np.maximum(start, LOWEST))
    return crf.infer(image, energy, settings)[..., 1:]


def refined(seeder: seeds.Seeder, settings: crf.CrfSettings) -> seeds.Seeder:
    """Makes the seeder whose score maps are those of another, refined.

    Args:
      seeder: Returns the score maps to refine.
      settings: Of the CRF.

    Returns:
      A seeder with score maps in [0, 1] and the logits of `seeder`.
    """

    def score(image: np.ndarray, objects: np.ndarray) -> tuple:
        score_maps, logits = seeder(image, objects)
        if not len(objects):
            return score_maps, logits
        return refine(image, np.asarray(score_maps), settings), logits

    return score
