"""G1, per-connected component classification: a classifier labels regions.

Source: Oh et al., CVPR 2017, section 5.
"""

import numpy as np

from guided_segmentation.guides.evidence import (
    Classifier,
    Evidence,
    background_without_objects,
    present_classes,
    required_parts,
)
from guided_segmentation.guides.regions import salient_regions
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


@background_without_objects
def g1(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Gives each salient region the class whose logit rises most on it alone.

    Among the image labels, a region takes the class whose logit rises most
    when everything outside the region is set to zero. If no logit rises,
    `settings.no_gain` decides. Salient pixels outside all regions, whose
    component is too small, are undecided as in G2. Pixels that are not
    salient are background.

    Args:
      evidence: With image labels, a saliency mask and a classifier.
      settings: Of which `saliency_min_area`, `no_gain` and `in_doubt` are
        used.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks image labels, a saliency mask or a
        classifier.
    """
    parts = required_parts(evidence, "g1")
    image_labels, saliency_mask, classifier = parts
    classes = present_classes(image_labels)
    regions = salient_regions(saliency_mask, settings)
    rises = gains(classifier, evidence.image, regions)[:, classes - 1]
    chosen = classes[rises.argmax(axis=1)]
    if settings.no_gain == "ignore":
        chosen[rises.max(axis=1) <= 0] = IGNORE
    guide = np.concatenate([[IGNORE], chosen]).astype(np.uint8)[regions]
    guide[~saliency_mask] = BACKGROUND
    return settings.apply_in_doubt(guide)


def gains(
    classifier: Classifier, image: np.ndarray, regions: np.ndarray
) -> np.ndarray:
    """Returns how much each logit rises when only one region is shown.

    The paper takes "the greatest positive score difference before and after
    zeroing" and leaves its sign open. This is the logit after zeroing minus
    the logit before: before minus after would be greatest for the class that
    depends most on what lies outside the region.

    Args:
      classifier: Scores the whole image and each region.
      image: [height, width, 3] uint8 RGB.
      regions: [height, width] integer numbers of the salient regions, from 1
        on; 0 outside.

    Returns:
      [num_regions, num_objects] float differences of logits, unbounded.
    """
    logits = classifier(image, regions)
    return logits[1:] - logits[:1]
