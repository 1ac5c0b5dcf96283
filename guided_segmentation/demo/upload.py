"""Reads uploaded photographs, and rejects files that are not acceptable."""

import dataclasses
import pathlib

import numpy as np
from PIL import Image, UnidentifiedImageError

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

FORMATS = ("JPEG", "PNG")
MEGABYTE = 2**20  # As browsers and gradio count.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on uploaded photographs.

    Attributes:
      max_megabytes: Largest file.
      max_pixels: Largest photograph, before it is resized.
      longest_px: Longer side of the images that networks get; larger
        photographs are resized.
    """

    max_megabytes: float = 20.0
    max_pixels: int = 50_000_000
    longest_px: int = 640


def photograph(path: artifacts.Path, limits: Limits) -> np.ndarray:
    """Reads an uploaded photograph, rotates it upright and limits its size.

    Size and type are checked before anything is decoded.

    Args:
      path: A JPEG or PNG file.
      limits: What is accepted.

    Returns:
      [height, width, 3] uint8 RGB; equal to artifacts.read_image if the
      photograph is within limits.longest_px.

    Raises:
      ValueError: If it is too large, of another type or damaged. The message
        contains the file's name without its folder.
    """
    path = pathlib.Path(path)
    megabytes = path.stat().st_size / MEGABYTE
    if megabytes > limits.max_megabytes:
        raise InputError(
            f"{path.name}: wanted at most {limits.max_megabytes:g} MB, found "
            f"{megabytes:.1f} MB; choose a smaller photograph"
        )
    width, height = _size(path)
    if width * height > limits.max_pixels:
        raise InputError(
            f"{path.name}: wanted at most {limits.max_pixels} pixels, found "
            f"{width} x {height}; choose a smaller photograph"
        )
    image = _upright(path)
    image.thumbnail(2 * [limits.longest_px])  # Never enlarges.
    return np.array(image)


def _size(path: pathlib.Path) -> tuple[int, int]:
    """Reads width and height from the header only."""
    try:
        with Image.open(path, formats=FORMATS) as image:
            return image.size
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path.name}: wanted a photograph as {' or '.join(FORMATS)}, "
            f"found a file of another type; choose another"
        ) from error
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{path.name}: wanted a photograph, found far too many pixels; "
            f"choose another"
        ) from error


def _upright(path: pathlib.Path) -> Image.Image:
    """Reads the photograph, turned upright."""
    try:
        return Image.fromarray(artifacts.read_image(path))
    except Exception as error:  # Pillow raises any type for damaged files.
        raise InputError(
            f"{path.name}: wanted a whole photograph, found a damaged file; "
            f"choose another"
        ) from error
