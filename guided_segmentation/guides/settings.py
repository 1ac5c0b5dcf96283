"""Settings of the guides, and the two sets of them that are published.

Where the paper and its authors' release differ, both are offered: PAPER
ignores what it cannot tell, RELEASED takes it for background.
"""

import dataclasses

import numpy as np

from guided_segmentation import crf as dense_crf
from guided_segmentation.labels import BACKGROUND, IGNORE

CHOICES = {
    "in_doubt": ("ignore", "background"),
    "no_gain": ("largest", "ignore"),
    "unary": ("log", "prob"),
    "crf_extent": ("region", "image"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuideSettings:
    """Settings of the guides that use components; the defaults are PAPER.

    Attributes:
      seed_min_area_px: Smallest area of a seed component.
      saliency_min_area: Smallest area of a salient region, as a share of the
        image.
      in_doubt: What becomes of pixels that a guide cannot tell: "ignore", or
        "background" as in the release.
      no_gain: How G1 names a region that no class gains from: "largest" takes
        the class that loses least, "ignore" none.
      unary: How blurred seeds become energies where classes share a region:
        "log" takes the negative logarithm, "prob" the negative itself, as the
        release does.
      blur_px: Standard deviation of that blur.
      crf: The dense CRF that divides such a region. `crf.NONE` gives each
        pixel to the seeds that are nearest by the blur.
      crf_extent: What the CRF sees: the "region" it divides, or the whole
        "image", of which the region is then cut, as in the release.

    Raises:
      ValueError: If there is no such choice.
    """

    seed_min_area_px: int = 25
    saliency_min_area: float = 0.01
    in_doubt: str = "ignore"
    no_gain: str = "largest"
    unary: str = "log"
    blur_px: float = 10.0
    crf: dense_crf.CrfSettings = dense_crf.DEEPLAB
    crf_extent: str = "region"

    def __post_init__(self):
        for name, known in CHOICES.items():
            if (found := getattr(self, name)) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {found!r}"
                )

    def settled(self, guide: np.ndarray) -> np.ndarray:
        """Returns a [height, width] uint8 guide where doubt is dealt with."""
        if self.in_doubt == "ignore":
            return guide
        return np.where(guide == IGNORE, np.uint8(BACKGROUND), guide)


PAPER = GuideSettings()
RELEASED = GuideSettings(
    in_doubt="background", unary="prob", crf_extent="image"
)
PRESETS = {"paper": PAPER, "released": RELEASED}
