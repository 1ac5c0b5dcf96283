"""Dense CRFs, for crf-seed, crf-postproc, crf-loss and the regions of G2.

Source: Krahenbuhl and Koltun, "Efficient inference in fully connected CRFs
with Gaussian edge potentials", NIPS 2011.
"""

from guided_segmentation.crf.dense import infer, postprocess
from guided_segmentation.crf.settings import (
    DEEPLAB,
    MILD,
    NAMES,
    NONE,
    SEC,
    SETTINGS,
    CrfSettings,
    named,
)

__all__ = [
    "DEEPLAB",
    "MILD",
    "NAMES",
    "NONE",
    "SEC",
    "SETTINGS",
    "CrfSettings",
    "infer",
    "named",
    "postprocess",
]
