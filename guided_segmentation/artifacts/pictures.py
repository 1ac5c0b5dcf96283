"""Images, label maps and saliency maps, read and written with Pillow.

Everything is read upright: the EXIF orientation of a file is applied, as
viewers and annotation tools do.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from guided_segmentation import extras, labels
from guided_segmentation.artifacts import palette_order
from guided_segmentation.artifacts.atomic import Path, write_bytes
from guided_segmentation.artifacts.files import existing, read_start
from guided_segmentation.artifacts.urls import is_url
from guided_segmentation.errors import InputError

# Largest photograph that Pillow opens unless `limit_pixels` says otherwise.
MAX_PIXELS = 178_956_970
HEIC_ENDINGS = (".heic", ".heif")  # Of photographs of iPhones.

# Values by which Pillow multiplies the indices of grey PNGs of 2 and 4 bits.
_STRETCH = {2: 85, 4: 17}
_QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap height and width.


def limit_pixels(count: int) -> None:
    """Sets the number of pixels of the largest image that is read.

    It is Pillow's protection against files that would fill the memory, and
    one setting for the whole process.

    Args:
      count: Height times width.
    """
    Image.MAX_IMAGE_PIXELS = (count + 1) // 2  # Pillow refuses twice as many.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def read_image(path: Path) -> np.ndarray:
    """Reads a photograph: JPEG, PNG or any other format that Pillow reads.

    Greyscale (8 or 16 bits), palette, RGBA and CMYK photographs are
    converted; an alpha channel is dropped. The photograph is turned upright
    according to its EXIF orientation.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, a truncated one, one of too many
        pixels, or one of grey levels beyond 16 bits.
    """
    return np.asarray(_rgb(_upright(path), path))


def read_size(path: Path) -> tuple[int, int]:
    """Reads the height and width of an upright image, without its pixels.

    The pixels are read only of TIFFs and of PNGs without EXIF data before
    their pixels.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image.
    """
    with opened(path) as image:
        # Versions of Pillow differ in when they turn a TIFF.
        turned = _turned(image) if image.format == "TIFF" else image
        orientation = turned.getexif().get(ExifTags.Base.Orientation)
        size = turned.height, turned.width
    return size[::-1] if orientation in _QUARTER_TURNS else size


def read_stored_size(path: Path) -> tuple[int, int]:
    """Reads the height and width of an image as stored, from its header.

    They are swapped if the EXIF orientation of the image is a quarter turn,
    which is not read.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image.
    """
    with opened(path) as image:
        return image.height, image.width


def read_label_map(path: Path) -> np.ndarray:
    """Reads class indices from a palette or one-channel PNG of up to 8 bits.

    Grey levels that were saved as RGB are indices too.

    Returns:
      [height, width] uint8 class indices, 255 where ignored.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, is truncated, holds RGB colours
        instead of indices, or has VOC's colours at other indices than VOC.
    """
    wanted = "a label map (palette or 8-bit index PNG)"
    upright = _grey_of_rgb(_upright(path), path)
    array = _one_channel(upright, path, ("P", "L", "1"), wanted)
    if upright.mode == "P":
        colours = np.array(upright.getpalette("RGB")).reshape(-1, 3)
        palette_order.require_order(array, colours, path)
    if array.dtype == bool:
        return array.astype(np.uint8)
    return array // np.uint8(_STRETCH.get(_grey_bits(path), 1))


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
    levels = _one_channel(_upright(path), path, ("L",), wanted)
    return levels.astype(np.float32) / 255


def write_saliency_map(path: Path, saliency_map: np.ndarray) -> None:
    """Writes a [height, width] map, float in [0, 1] or uint8 levels, as PNG."""
    if saliency_map.dtype != np.uint8:
        saliency_map = saliency_levels(saliency_map)
    write_bytes(path, _png(Image.fromarray(saliency_map)))


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
    """Returns the bytes of a PNG.

    Args:
      image: [height, width, 3] uint8 RGB, or [height, width, 4] RGBA.
    """
    return _png(Image.fromarray(image))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Opens an image file; its pixels are not read yet.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, or one of too many pixels; or on any
        error of Pillow while it is open.
    """
    file = existing(path)
    if file.suffix.lower() in HEIC_ENDINGS:
        heic = extras.imported("pillow_heif", "heic", str(path))
        heic.register_heif_opener()
    at_url = is_url(file)
    content = io.BytesIO(file.read_bytes()) if at_url else file
    try:
        with Image.open(content) as image:
            yield image
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path}: wanted an image, found a file that is none; replace it"
        ) from error
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{path}: wanted at most {2 * (Image.MAX_IMAGE_PIXELS or 0)} "
            f"pixels, found more ({error}); resize it, or set a higher limit "
            f"with --max_pixels"
        ) from error
    except Exception as error:  # Damaged files raise errors of many types.
        raise InputError(
            f"{path}: unreadable image ({error}); replace the file"
        ) from error


def _upright(path: Path) -> Image.Image:
    """Reads the pixels of an image and turns it upright."""
    with opened(path) as image:
        image.load()
        return _turned(image)


def _turned(image: Image.Image) -> Image.Image:
    """Returns a copy of an image, turned upright."""
    ImageOps.exif_transpose(image, in_place=True)
    return image.copy()


def _rgb(image: Image.Image, path: Path) -> Image.Image:
    """Converts an image of any mode to 8-bit RGB."""
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 0xFFFF:
            raise InputError(
                f"{path}: wanted grey levels of 8 or 16 bits, found "
                f"{levels.min()} to {levels.max()}; convert it first"
            )
        return Image.fromarray((levels >> 8).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise InputError(
            f"{path}: wanted grey levels of 8 or 16 bits, found fractions "
            f"(mode F); convert it first"
        )
    return image.convert("RGB")


def _grey_of_rgb(image: Image.Image, path: Path) -> Image.Image:
    """Returns the grey levels of a label map that was saved as RGB."""
    if image.mode not in ("RGB", "RGBA", "LA"):
        return image
    red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)
    if (red != green).any() or (red != blue).any():
        raise InputError(
            f"{path}: wanted class indices (palette or 8-bit PNG), found "
            f"colours (mode {image.mode}); put CVAT's labelmap.txt beside the "
            f"masks, or save indices"
        )
    return Image.fromarray(red)


def _one_channel(
    image: Image.Image, path: Path, modes: tuple[str, ...], wanted: str
) -> np.ndarray:
    if image.mode not in modes:
        raise InputError(
            f"{path}: wanted {wanted}, found mode {image.mode}; convert it "
            f"first"
        )
    return np.asarray(image)


def _grey_bits(path: Path) -> int:
    """Bits of a pixel if the file is a grey PNG; else 8."""
    header = read_start(path, 26)
    is_grey_png = header[:4] == b"\x89PNG" and header[25] == 0
    return header[24] if is_grey_png else 8


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
