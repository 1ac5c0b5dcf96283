"""Images, label maps and saliency maps, read and written with Pillow."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
from PIL import Image, UnidentifiedImageError

from guided_segmentation import labels
from guided_segmentation.artifacts.atomic import Path, write_bytes
from guided_segmentation.artifacts.files import existing
from guided_segmentation.errors import InputError


def read_image(path: Path) -> np.ndarray:
    """Reads a photograph: JPEG, PNG or any other format that Pillow reads.

    Greyscale (8 or 16 bits), palette, RGBA and CMYK photographs are
    converted; an alpha channel is dropped.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, or a truncated one.
    """
    with _opened(path) as image:
        image.load()
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return np.asarray(image.convert("RGB"))


def read_size(path: Path) -> tuple[int, int]:
    """Reads the height and width of an image from its header alone.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image.
    """
    with _opened(path) as image:
        return image.height, image.width


def read_label_map(path: Path) -> np.ndarray:
    """Reads class indices from a palette or one-channel 8-bit PNG.

    Returns:
      [height, width] uint8 class indices, 255 where ignored.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, is truncated, or holds RGB colours
        instead of indices.
    """
    wanted = "a label map (palette or 8-bit index PNG)"
    return _read_one_channel(path, ("P", "L"), wanted)


def encode_label_map(label_map: np.ndarray) -> bytes:
    """Returns a [height, width] uint8 label map as the bytes of a palette PNG.

    Example:
      >>> content = encode_label_map(np.array([[0, 20], [255, 1]], np.uint8))
      >>> decode_label_map(content).tolist()
      [[0, 20], [255, 1]]
    """
    image = Image.fromarray(np.ascontiguousarray(label_map, np.uint8))
    image.putpalette(labels.palette().tobytes())
    return _png(image)


def decode_label_map(content: bytes) -> np.ndarray:
    """Returns the [height, width] uint8 label map of `encode_label_map`."""
    return np.asarray(Image.open(io.BytesIO(content)))


def write_label_map(path: Path, label_map: np.ndarray) -> None:
    """Writes a [height, width] uint8 label map as a palette PNG."""
    write_bytes(path, encode_label_map(label_map))


def read_saliency_map(path: Path) -> np.ndarray:
    """Reads a saliency map from an 8-bit PNG.

    Returns:
      [height, width] float32 in [0, 1].

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, is truncated, or is not grey.
    """
    wanted = "a saliency map (8-bit grey PNG)"
    levels = _read_one_channel(path, ("L",), wanted)
    return levels.astype(np.float32) / 255


def write_saliency_map(path: Path, saliency_map: np.ndarray) -> None:
    """Writes a [height, width] float map in [0, 1] as an 8-bit PNG."""
    write_bytes(path, _png(Image.fromarray(saliency_levels(saliency_map))))


def saliency_levels(saliency_map: np.ndarray) -> np.ndarray:
    """Quantizes a saliency map to the 8 bits of its file.

    Args:
      saliency_map: [height, width] float; clipped to [0, 1].

    Returns:
      [height, width] uint8 in [0, 255].

    Example:
      >>> saliency_levels(np.array([[0.0, 0.2, 1.0]])).tolist()
      [[0, 51, 255]]
    """
    return np.rint(np.clip(saliency_map, 0, 1) * 255).astype(np.uint8)


def write_image(path: Path, image: np.ndarray) -> None:
    """Writes a [height, width, 3] uint8 RGB image as a PNG."""
    write_bytes(path, encode_image(image))


def encode_image(image: np.ndarray) -> bytes:
    """Returns a [height, width, 3] uint8 RGB image as the bytes of a PNG."""
    return _png(Image.fromarray(image))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    file = existing(path)
    try:
        with Image.open(file) as image:
            yield image
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: wanted an image, found a file that is none; replace it"
        ) from error
    except Exception as error:  # Damaged files raise errors of many types.
        raise InputError(
            f"{path}: unreadable image ({error}); replace the file"
        ) from error


def _read_one_channel(
    path: Path, modes: tuple[str, ...], wanted: str
) -> np.ndarray:
    with _opened(path) as image:
        image.load()
        mode, array = image.mode, np.asarray(image)
    if mode not in modes:
        raise InputError(
            f"{path}: wanted {wanted}, found mode {mode}; convert it first"
        )
    return array


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
