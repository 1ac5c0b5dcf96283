"""The bounds of every other guide: seeds alone, saliency alone, and the truth.

Source: Oh et al., CVPR 2017, sections 4.2 and 5.
"""

import numpy as np

from guided_segmentation.guides.evidence import (
    Evidence,
    believed,
    candidates,
    require,
)
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND


def seeds_only(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Trusts the seeds alone: where none fired is background.

    Seeds of objects that the image labels deny are background too.

    Returns:
      [height, width] uint8 label map without IGNORE.

    Raises:
      ValueError: If the evidence lacks seeds.
    """
    require(evidence, "seeds_only")
    return believed(evidence)


def g0(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Gives the whole foreground to one image label drawn at random.

    The draw depends on the image's name alone, so every run and every
    machine makes the same guide.

    Returns:
      [height, width] uint8 label map without IGNORE.

    Raises:
      ValueError: If the evidence lacks a saliency mask or image labels.
    """
    require(evidence, "g0")
    draw = np.random.default_rng(list(evidence.image_id.encode()))
    drawn = draw.choice(candidates(evidence, "g0"))
    return np.where(evidence.saliency_mask, drawn, np.uint8(BACKGROUND))


def full_supervision(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Returns the truth: full supervision.

    Returns:
      [height, width] uint8 label map, with the truth's own IGNORE.

    Raises:
      ValueError: If the evidence lacks the truth.
    """
    require(evidence, "full_supervision")
    return evidence.truth.copy()
