"""Settings of the guide labellers, and two presets.

The paper's appendix E and the authors' released code differ. PAPER follows
the paper: pixels that a guide cannot decide keep the label IGNORE, and the
dense CRF runs inside a region on the negative logarithm of the seed
probabilities. RELEASED follows the code: such pixels become background, and
the CRF runs on the whole image with the negative probabilities as energies.
PAPER ignores seed components under 1 % of the image, RELEASED those under 25
pixels.

Source: Oh et al., CVPR 2017, section 5 and appendix E, and the authors'
implementation.
"""

import dataclasses

import numpy as np

from guided_segmentation import crf as dense_crf
from guided_segmentation.guides.area import Area
from guided_segmentation.labels import BACKGROUND, IGNORE

CHOICES = {
    "in_doubt": ("ignore", "background"),
    "no_gain": ("largest", "ignore"),
    "unary": ("log", "prob"),
    "crf_extent": ("region", "image"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuideSettings:
    """Settings of the guide labellers; the defaults are the preset PAPER.

    Attributes:
      seed_min_area: G2: smallest area of a seed component of an object.
        Appendix E takes salient regions of at least 1 % of the image, "and
        similarly" components of the seeds; the authors' implementation takes
        those of at least 25 pixels.
      background_min_area: G2: smallest area of a component of the seeds'
        background. The paper states none: its seeds are "point predictors of
        each object instance", so the 1 % does not hold for the background,
        of which small pieces between objects would be ignored. Both presets
        take the 25 pixels of the authors' implementation.
      saliency_min_area: G1 and G2: smallest area of a salient region.
      in_doubt: G1, G2 and OAA: the label of pixels that the guide cannot
        decide. "ignore" leaves them IGNORE; "background" makes them
        BACKGROUND.
      no_gain: G1: the class of a region whose logit rises for no present
        object when everything else is zeroed. "largest" takes the object
        whose logit falls least; "ignore" labels the region IGNORE.
      unary: G2: the unary energy of a class in the dense CRF, from the
        probability p that the blurred seeds give. "log" is -log(p); "prob" is
        -p.
      blur_px: G2: standard deviation of the Gaussian blur of the seeds, in
        pixels.
      crf: G2: the dense CRF that labels the pixels of a salient region with
        seeds of several classes. `crf.NONE` gives each pixel the class of
        highest probability.
      crf_extent: G2: the pixels over which the CRF runs. "region" takes only
        those of the salient region; "image" takes all pixels of the image and
        keeps the labels inside the region.

    Raises:
      ValueError: If in_doubt, no_gain, unary or crf_extent is not one of its
        CHOICES.
    """

    seed_min_area: Area = Area("0.01")
    background_min_area: Area = Area("25px")
    saliency_min_area: Area = Area("0.01")
    in_doubt: str = "ignore"
    no_gain: str = "largest"
    unary: str = "log"
    blur_px: float = 10.0
    crf: dense_crf.CrfSettings = dense_crf.DEEPLAB
    crf_extent: str = "region"

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if (found := getattr(self, name)) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {found!r}"
                )

    def apply_in_doubt(self, guide: np.ndarray) -> np.ndarray:
        """Replaces IGNORE by BACKGROUND if `in_doubt` is "background".

        Args:
          guide: [height, width] uint8 label map.

        Returns:
          [height, width] uint8 label map.
        """
        if self.in_doubt == "ignore":
            return guide
        return np.where(guide == IGNORE, np.uint8(BACKGROUND), guide)


PAPER = GuideSettings()
RELEASED = GuideSettings(
    seed_min_area=Area("25px"),
    in_doubt="background",
    unary="prob",
    crf_extent="image",
)
PRESETS = {"paper": PAPER, "released": RELEASED}
