"""Label maps of a trained segmenter, at the size of the photographs.

Source: Oh et al., CVPR 2017, section 6.1.
"""

from guided_segmentation.large import max_pixels
from guided_segmentation.segmenter.decision import (
    SaliencyMaps,
    label_map,
    margins,
    present_only,
)
from guided_segmentation.segmenter.margins_file import (
    MARGINS_FILE,
    margins_to,
    read_margins,
)
from guided_segmentation.segmenter.overlays import OVERLAY_PX, overlay
from guided_segmentation.segmenter.segmentation import (
    missing,
    segment_images,
)

__all__ = [
    "MARGINS_FILE",
    "OVERLAY_PX",
    "SaliencyMaps",
    "label_map",
    "margins",
    "margins_to",
    "max_pixels",
    "missing",
    "overlay",
    "present_only",
    "read_margins",
    "segment_images",
]
