"""Guide labellers: functions from evidence of an image to a label map.

The segmenter learns from these label maps. Each guide labeller takes an
`Evidence`, of which it reads the parts that `REQUIRES` lists, and
`GuideSettings`. An image whose image labels are all zero shows no object; its
guide is background.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017, section 5 and appendix E.
"""

from guided_segmentation.guides.agreement import oaa
from guided_segmentation.guides.area import Area
from guided_segmentation.guides.baselines import (
    full,
    g0,
    seeds_only,
)
from guided_segmentation.guides.classification import g1
from guided_segmentation.guides.evidence import (
    REQUIRES,
    Classifier,
    Evidence,
    present_classes,
)
from guided_segmentation.guides.propagation import g2, saliency_oracle
from guided_segmentation.guides.settings import (
    CHOICES,
    PAPER,
    PRESETS,
    RELEASED,
    GuideSettings,
)

GUIDES = {
    "seeds_only": seeds_only,
    "g0": g0,
    "g1": g1,
    "g2": g2,
    "oaa": oaa,
    "saliency_oracle": saliency_oracle,
    "full": full,
}

__all__ = [
    "CHOICES",
    "GUIDES",
    "PAPER",
    "PRESETS",
    "RELEASED",
    "REQUIRES",
    "Area",
    "Classifier",
    "Evidence",
    "GuideSettings",
    "full",
    "g0",
    "g1",
    "g2",
    "oaa",
    "present_classes",
    "saliency_oracle",
    "seeds_only",
]
