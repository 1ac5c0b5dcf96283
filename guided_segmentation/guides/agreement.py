"""OAA: labels only where seeds and saliency agree. A comparison, not the paper.

Sources: Jiang et al., "Integral object mining via online attention
accumulation", ICCV 2019, section 4.1; Yao et al., "Non-salient region object
mining for weakly supervised semantic segmentation", CVPR 2021, which starts
from the same labels.
"""

import numpy as np

from guided_segmentation.guides.evidence import (
    Evidence,
    background_without_objects,
    required_parts,
    seeds_of_present_objects,
)
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


@background_without_objects
def oaa(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Labels each pixel on which seeds and saliency agree.

    A salient seed keeps its class. A pixel that is neither seed nor salient
    is background. A pixel that is only one of the two is undecided, as
    `settings.in_doubt` says. Unlike G2, no class spreads over a region.

    The authors compare attention and saliency with thresholds on grey levels
    (0.3, and 32 of 255); here the thresholds are those of seeds and saliency
    mask.

    >>> import numpy as np
    >>> from guided_segmentation import guides
    >>> evidence = guides.Evidence(
    ...     image_id="a",
    ...     image=np.zeros((1, 4, 3), np.uint8),
    ...     image_labels=np.array([True]),
    ...     seeds=np.array([[0, 1, 1, 0]], np.uint8),
    ...     saliency_mask=np.array([[False, False, True, True]]),
    ... )
    >>> print(guides.oaa(evidence))
    [[  0 255   1 255]]

    Args:
      evidence: With image labels, seeds and a saliency mask.
      settings: Of which `in_doubt` is used.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks image labels, seeds or a saliency
        mask.
    """
    image_labels, seeds, saliency_mask = required_parts(evidence, "oaa")
    guide = seeds_of_present_objects(seeds, image_labels)
    guide[(guide != BACKGROUND) != saliency_mask] = IGNORE
    return settings.apply_in_doubt(guide)
