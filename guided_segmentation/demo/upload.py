"""Uploads: files that strangers send in, photographs out, or one clear no."""

import dataclasses
import pathlib

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from guided_segmentation import artifacts

FORMATS = ("JPEG", "PNG")
MEGABYTE = 2**20  # As browsers and gradio count.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What is taken from strangers.

    Attributes:
      max_megabytes: Of the file.
      max_pixels: Of the photograph as it comes.
      longest_px: Longer side of what the networks see; larger photographs
        are made smaller.
    """

    max_megabytes: float = 20.0
    max_pixels: int = 50_000_000
    longest_px: int = 640


def photograph(path: artifacts.Path, limits: Limits) -> np.ndarray:
    """Reads an uploaded photograph, upright and no larger than need be.

    Nothing is decoded before its size is known.

    Args:
      path: A JPEG or PNG file.
      limits: What is taken.

    Returns:
      [height, width, 3] uint8 RGB. A photograph that is small enough and
      bears no mark of being turned is as artifacts.read_image reads it.

    Raises:
      ValueError: If it is too large, of another type or damaged. The message
        has the file's name, not its folder.
    """
    path = pathlib.Path(path)
    megabytes = path.stat().st_size / MEGABYTE
    if megabytes > limits.max_megabytes:
        raise ValueError(
            f"{path.name}: wanted at most {limits.max_megabytes:g} MB, found "
            f"{megabytes:.1f} MB; choose a smaller photograph"
        )
    width, height = _size(path)
    if width * height > limits.max_pixels:
        raise ValueError(
            f"{path.name}: wanted at most {limits.max_pixels} pixels, found "
            f"{width} x {height}; choose a smaller photograph"
        )
    image = _upright(path)
    image.thumbnail(2 * [limits.longest_px])  # Never makes it larger.
    return np.array(image)


def _size(path: pathlib.Path) -> tuple[int, int]:
    """Reads width and height from the header alone."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.size
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{path.name}: wanted a photograph as {' or '.join(FORMATS)}, "
            f"found a file of another type; choose another"
        ) from error
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{path.name}: wanted a photograph, found far too many pixels; "
            f"choose another"
        ) from error


def _upright(path: pathlib.Path) -> Image.Image:
    """Reads the photograph and turns it as the camera was held."""
    try:
        with Image.open(path) as taken:
            exif = taken.getexif()  # Decodes a PNG, which has it at its end.
        image = Image.fromarray(artifacts.read_image(path))
    except Exception as error:  # Damage makes Pillow raise errors of any kind.
        raise ValueError(
            f"{path.name}: wanted a whole photograph, found a damaged file; "
            f"choose another"
        ) from error
    turned = exif.get(ExifTags.Base.Orientation, 1)
    image.getexif()[ExifTags.Base.Orientation] = turned
    return ImageOps.exif_transpose(image)
