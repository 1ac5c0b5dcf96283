"""Operations on an image and its maps together, in TensorFlow.

Every function works eagerly, inside tf.data and inside a SavedModel, so that
training, prediction and serving see the same pixels. The centre of the pixel
in row r and column c has the coordinates (r, c).

Source: Oh et al., CVPR 2017, section 6.1, and the authors' implementation.
"""

from guided_segmentation.images.crops import (
    draw_corner,
    draw_flip,
    draw_value,
    training_crop,
)
from guided_segmentation.images.framing import (
    FRAMINGS,
    Framed,
    crop_canvas,
    frame,
    upsample_to_image,
    whole_label_map,
)
from guided_segmentation.images.pixels import (
    MEAN_BGR,
    sample,
    subtract_mean,
)
from guided_segmentation.images.resizing import (
    reflect_pad,
    resize_longer_side,
    scaled,
    scaled_size,
)

__all__ = [
    "FRAMINGS",
    "MEAN_BGR",
    "Framed",
    "crop_canvas",
    "draw_corner",
    "draw_flip",
    "draw_value",
    "frame",
    "reflect_pad",
    "resize_longer_side",
    "sample",
    "scaled",
    "scaled_size",
    "subtract_mean",
    "training_crop",
    "upsample_to_image",
    "whole_label_map",
]
