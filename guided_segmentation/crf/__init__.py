"""Dense CRFs, for crf-seed, crf-postproc, crf-loss and the regions of G2.

Source: Krahenbuhl and Koltun, "Efficient inference in fully connected CRFs
with Gaussian edge potentials", NIPS 2011.
"""

from guided_segmentation.crf.postprocessing import postprocess
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
from guided_segmentation.crf.workers import (
    default_num_workers,
    infer,
    map_in_order,
    num_workers,
    use_workers,
)

__all__ = [
    "DEEPLAB",
    "MILD",
    "NAMES",
    "NONE",
    "SEC",
    "SETTINGS",
    "CrfSettings",
    "default_num_workers",
    "infer",
    "map_in_order",
    "named",
    "num_workers",
    "postprocess",
    "use_workers",
]
