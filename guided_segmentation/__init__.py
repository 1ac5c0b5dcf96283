"""Pixel-wise segmenters from image-level labels and saliency.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017.
"""

__version__ = "0.1.0"
