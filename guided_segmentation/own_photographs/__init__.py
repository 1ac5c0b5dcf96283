"""Masks of a user's own photographs, from tags alone, by one call."""

from guided_segmentation.own_photographs.chain import Made, make_masks
from guided_segmentation.own_photographs.settings import TEXTS, Settings
from guided_segmentation.own_photographs.stages import MORE

__all__ = ["MORE", "TEXTS", "Made", "Settings", "make_masks"]
