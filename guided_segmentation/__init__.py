"""Pixel-wise segmenters from image-level labels and saliency.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

__all__ = ["make_masks"]


def __getattr__(name: str) -> Any:
    """Imports `make_masks` when it is used: it loads TensorFlow."""
    if name == "make_masks":
        package = importlib.import_module(f"{__name__}.own_photographs")
        return package.make_masks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
