"""G2, propagating seeds: salient regions take the class of their seeds.

Source: Oh et al., CVPR 2017, section 5 and appendix E; thresholds and
connectivity from the authors' implementation.
"""

import dataclasses

import numpy as np

from guided_segmentation.guides.division import divide
from guided_segmentation.guides.evidence import Evidence, require
from guided_segmentation.guides.regions import (
    components,
    seed_components,
    touching,
)
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


def g2(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Spreads seeds over the salient regions they touch; in doubt, ignores.

    A salient region touched by seeds of one class takes that class whole; by
    several classes, the dense CRF divides it; by none, it is ignored. Seeds
    that touch no region stay as they are. What leaks out of a region is
    ignored, and so is every salient region or seed that is too small. Seeds
    of objects that the image labels deny are never heard. Background is what
    is neither seed nor salient, however small the salient blob. In the end
    `settings.in_doubt` may turn what is ignored into background.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks seeds or a saliency mask.
    """
    require(evidence, "g2")
    saliency_mask = evidence.saliency_mask
    regions = components(
        saliency_mask, settings.saliency_min_area * saliency_mask.size
    )
    parts, classes = seed_components(
        evidence.seeds, evidence.image_labels, settings.seed_min_area_px
    )
    touches = touching(regions, parts)
    guide = label_regions(evidence, regions, classes, touches, settings)
    isolated = (classes != BACKGROUND) & ~touches.any(axis=0)
    isolated[0] = False  # Number 0 is no component.
    guide = np.where(isolated[parts], classes[parts], guide)
    # The release means the next line, but takes its mask for numbers of rows,
    # and clears rows 0 and 1. What it so leaves undone cannot be seen, since in
    # the end all that it ignores becomes background. What it undoes, regions
    # that reach the top border, is not repeated here.
    guide[(classes == BACKGROUND)[parts] & ~saliency_mask] = BACKGROUND
    return settings.settled(guide)


def saliency_oracle(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Returns `g2` of the seeds and the true foreground.

    Returns:
      [height, width] uint8 label map.

    Raises:
      ValueError: If the evidence lacks seeds or the truth.
    """
    require(evidence, "saliency_oracle")
    foreground = ~np.isin(evidence.truth, [BACKGROUND, IGNORE])
    return g2(dataclasses.replace(evidence, saliency_mask=foreground), settings)


def label_regions(
    evidence: Evidence,
    regions: np.ndarray,
    classes: np.ndarray,
    touches: np.ndarray,
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Labels each salient region by the object seeds that touch it.

    Args:
      evidence: Of the image, with seeds.
      regions: [height, width] int32 numbers of the salient regions.
      classes: [num_parts + 1] uint8 classes of the seed components.
      touches: [num_regions + 1, num_parts + 1] bool, as of `touching`.
      settings: Those of the CRF.

    Returns:
      [height, width] uint8 label map; IGNORE outside of all regions and in
      those without a seed.
    """
    objects = [np.setdiff1d(classes[row], [BACKGROUND]) for row in touches]
    only = [found[0] if found.size == 1 else IGNORE for found in objects]
    guide = np.array(only, np.uint8)[regions]
    for region, found in enumerate(objects):
        if found.size > 1:
            mask = regions == region
            guide[mask] = divide(evidence, mask, found, settings)
    return guide
