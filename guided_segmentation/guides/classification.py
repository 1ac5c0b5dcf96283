"""G1, per-component classification: a classifier names each salient region.

Source: Oh et al., CVPR 2017, section 5.
"""

import numpy as np

from guided_segmentation.guides import regions
from guided_segmentation.guides.evidence import Evidence, candidates, require
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


def g1(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Gives each salient region to the class that gains most from it alone.

    Of the image labels, that is the one whose logit rises most when all but
    the region is zeroed. If none rises, `settings.no_gain` decides. What is
    salient but too small for a region is ignored, as in G2: no salient pixel
    is background. All that is not salient is.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks a saliency mask, a classifier or image
        labels.
    """
    require(evidence, "g1")
    classes = candidates(evidence, "g1")
    saliency_mask = evidence.saliency_mask
    numbers = regions.components(
        saliency_mask, settings.saliency_min_area * saliency_mask.size
    )
    found = gains(evidence, numbers)[:, classes - 1]
    names = classes[found.argmax(axis=1)]
    if settings.no_gain == "ignore":
        names[found.max(axis=1) <= 0] = IGNORE
    guide = np.concatenate([[IGNORE], names]).astype(np.uint8)[numbers]
    guide[~saliency_mask] = BACKGROUND
    return settings.settled(guide)


def gains(evidence: Evidence, numbers: np.ndarray) -> np.ndarray:
    """Scores each region alone, less the score of the whole image.

    The paper speaks of the difference "before and after zeroing" and leaves
    its sign open. The class of a region is the one that loses least, or gains,
    when the rest of the image goes, so it is after minus before.

    Args:
      evidence: Of the image, with a classifier.
      numbers: [height, width] int32 numbers of the regions; 0 outside.

    Returns:
      [num_regions, num_objects] float logits.
    """
    logits = evidence.classifier(evidence.image, numbers)
    return logits[1:] - logits[:1]
