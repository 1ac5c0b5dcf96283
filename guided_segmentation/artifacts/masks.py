"""Masks of one object, made elsewhere."""

import numpy as np

from guided_segmentation.artifacts.atomic import Path
from guided_segmentation.artifacts.pictures import read_image
from guided_segmentation.errors import InputError


def read_mask(path: Path) -> np.ndarray:
    """Reads the mask of an object from a grey image of any mode and maximum.

    Masks hold 0 and 255, or 0 and 1, or are smooth at the border; so they are
    cut at half of their own maximum.

    Returns:
      [height, width] bool, True on the object; empty if the file is 0
      everywhere.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, is truncated, or has colours.
    """
    image = read_image(path)
    if np.ptp(image, axis=-1).any():
        raise InputError(
            f"{path}: wanted a mask (grey PNG, 0 outside the object), found "
            f"colours; convert it first"
        )
    levels = image[..., 0].astype(np.int32)
    return 2 * levels >= max(int(levels.max()), 1)
