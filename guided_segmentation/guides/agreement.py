"""OAA: a class where seeds and saliency agree; not in the paper, to compare.

Sources: Jiang et al., "Integral object mining via online attention
accumulation", ICCV 2019, section 4.1; Yao et al., "Non-salient region object
mining for weakly supervised semantic segmentation", CVPR 2021, which begins
with the same labels.
"""

import numpy as np

from guided_segmentation.guides.evidence import Evidence, believed, require
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


def oaa(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Labels pixel by pixel, and trusts only what both witnesses say.

    A salient seed has its class, and what is neither seed nor salient is
    background. Salient without a seed, or a seed that is not salient, is in
    doubt. No region is ever completed: that is what G2 adds.

    The authors compare attention with saliency in grey levels (at least 0.3
    and 32 of 255); here the thresholds are those of seeds and saliency mask.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks seeds or a saliency mask.
    """
    require(evidence, "oaa")
    guide = believed(evidence)
    guide[(guide != BACKGROUND) != evidence.saliency_mask] = IGNORE
    return settings.settled(guide)
