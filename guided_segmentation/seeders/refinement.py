"""crf-seed: a dense CRF aligns score maps with the edges of the photograph.

Source: Oh et al., CVPR 2017, section 5 and appendix C.
"""

import dataclasses

import numpy as np

from guided_segmentation import crf, large
from guided_segmentation.networks import batches
from guided_segmentation.seeders import seeds

# Smallest probability before the logarithm, which keeps energies finite.
LOWEST = 1e-3
# Height times width of the largest photograph that is refined at its own size,
# in batches: that of crf-postproc with 21 classes.
MAX_PIXELS = large.max_pixels(21)


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
    return Refined(seeder, settings)


class Refined:
    """The seeder whose score maps are those of another, refined."""

    def __init__(self, seeder: seeds.Seeder, settings: crf.CrfSettings):
        """Takes a seeder and the settings of the CRF.

        Args:
          seeder: Returns the score maps to refine.
          settings: Of the CRF.
        """
        self._seeder, self._settings = seeder, settings

    def __call__(self, image: np.ndarray, objects: np.ndarray) -> tuple:
        """Returns score maps in [0, 1] and the logits of the seeder.

        Args:
          image: [height, width, 3] uint8 RGB.
          objects: [K] int32 indices of objects.
        """
        score_maps, logits = self._seeder(image, objects)
        return self._refine(image, np.asarray(score_maps)), logits

    def predictor(
        self, class_threshold: float | None = None
    ) -> batches.Predictor:
        """Returns the same seeder for many photographs; only the CRF is alone.

        Args:
          class_threshold: As seeds.in_batches takes it.
        """
        inner = seeds.in_batches(self._seeder, class_threshold)

        def frame(image: np.ndarray, *objects: np.ndarray) -> batches.Frames:
            inputs, places = inner.frame(image, *objects)
            return batches.Frames(inputs, (image, places))

        def finish(outputs: batches.Arrays, places: tuple) -> tuple:
            image, inner_places = places
            scores = inner.finish(outputs, inner_places)
            return scores._replace(maps=self._refine(image, scores.maps))

        return dataclasses.replace(
            inner, frame=frame, finish=finish, max_pixels=MAX_PIXELS
        )

    def _refine(self, image: np.ndarray, score_maps: np.ndarray) -> np.ndarray:
        if not score_maps.shape[-1]:
            return score_maps
        return refine(image, score_maps, self._settings)
