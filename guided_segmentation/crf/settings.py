"""Settings of dense CRFs, and published settings by name.

Source: Krahenbuhl and Koltun, "Efficient inference in fully connected CRFs
with Gaussian edge potentials", NIPS 2011.
"""

import dataclasses
import re

from guided_segmentation.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrfSettings:
    """Settings of one dense CRF; the defaults are those of DEEPLAB.

    Attributes:
      bilateral_weight: Weight of the bilateral term, which penalises
        different labels of pixels close in position and colour. 0 removes it.
      bilateral_xy_px: Standard deviation of that term in position, in pixels.
      bilateral_rgb: Its standard deviation in colour, in levels of 0 to 255.
      gaussian_weight: Weight of the Gaussian term, which penalises different
        labels of pixels close in position. 0 removes it.
      gaussian_xy_px: Standard deviation of that term, in pixels.
      num_steps: Mean-field steps.
    """

    bilateral_weight: float = 4.0
    bilateral_xy_px: float = 121.0
    bilateral_rgb: float = 5.0
    gaussian_weight: float = 3.0
    gaussian_xy_px: float = 3.0
    num_steps: int = 10

    def shrunk(self, factor: float) -> "CrfSettings":
        """Returns the same CRF for an image that is `factor` times smaller."""
        return dataclasses.replace(
            self,
            bilateral_xy_px=self.bilateral_xy_px / factor,
            gaussian_xy_px=self.gaussian_xy_px / factor,
        )


# Chen et al., "Semantic image segmentation with deep convolutional nets and
# fully connected CRFs", ICLR 2015: the settings of DeepLabv1-LargeFOV.
DEEPLAB = CrfSettings()
# Kolesnikov and Lampert, "Seed, expand and constrain", ECCV 2016.
SEC = CrfSettings(
    bilateral_weight=10.0, bilateral_xy_px=80.0, bilateral_rgb=13.0
)
# A tenth of SEC's weights. With the full weights nearly every probability ends
# at 0 or 1, and thresholds on score maps of gradients have no effect.
MILD = dataclasses.replace(SEC, bilateral_weight=1.0, gaussian_weight=0.3)
# No edges: the probabilities are the softmax of the negative energies.
NONE = CrfSettings(bilateral_weight=0.0, gaussian_weight=0.0, num_steps=0)
# v1 and v2 are what Oh et al., CVPR 2017, appendix C, call the first two.
SETTINGS = {
    "sec": SEC,
    "v1": SEC,
    "deeplab": DEEPLAB,
    "v2": DEEPLAB,
    "mild": MILD,
    "none": NONE,
}
NAMES = f"{', '.join(SETTINGS)} or custom-WEIGHT-XY_PX-RGB"
_CUSTOM = re.compile(r"custom" + 3 * r"-(\d+\.?\d*)")


def named(name: str) -> CrfSettings:
    """Returns the CRF settings of a name.

    Args:
      name: Key of SETTINGS, or custom-WEIGHT-XY_PX-RGB with three numbers
        above 0: the weight of the bilateral term, and its standard deviations
        in position and in colour. All other settings are those of DEEPLAB.

    Raises:
      ValueError: If it is neither.

    Example:
      >>> named("sec").bilateral_rgb
      13.0
      >>> named("custom-5-50-10").bilateral_xy_px
      50.0
    """
    if name in SETTINGS:
        return SETTINGS[name]
    custom = _CUSTOM.fullmatch(name)
    weight, xy_px, rgb = map(float, custom.groups() if custom else (0, 0, 0))
    if not weight * xy_px * rgb:
        raise InputError(
            f"wanted a CRF out of {NAMES}, such as custom-5-50-10; found "
            f"{name!r}"
        )
    return CrfSettings(
        bilateral_weight=weight, bilateral_xy_px=xy_px, bilateral_rgb=rgb
    )
