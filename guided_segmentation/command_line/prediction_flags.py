"""Flags of the binaries that predict. Only they import this module."""

import math

from absl import flags

SCALES = flags.DEFINE_list(
    "scales",
    ["1.0"],
    "Scales of the photograph over which predictions are averaged.",
)
FLIP = flags.DEFINE_bool(
    "flip", False, "Average with predictions for the mirrored photograph."
)


def views() -> dict:
    """Returns the views of a photograph to average: "scales" and "flip"."""
    return {"scales": list(map(float, SCALES.value)), "flip": FLIP.value}


def given_views() -> dict:
    """Returns the part of `views` whose flags are given."""
    present = {each.name for each in (SCALES, FLIP) if each.present}
    return {key: value for key, value in views().items() if key in present}


@flags.validator(SCALES.name, "wanted numbers above 0, such as 1,1.5")
def _are_scales(values: list[str]) -> bool:
    try:
        scales = list(map(float, values))
    except ValueError:
        return False
    return bool(scales) and all(0 < s < math.inf for s in scales)
