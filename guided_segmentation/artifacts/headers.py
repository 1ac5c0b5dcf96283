"""What the header of an image file says."""

from typing import NamedTuple

from PIL import ExifTags

from guided_segmentation.artifacts.atomic import Path
from guided_segmentation.artifacts.pictures import opened


class Header(NamedTuple):
    """What the header of an image file says.

    Attributes:
      format: Pillow's name of the format, such as "JPEG".
      mode: Pillow's name of the kind of pixels, such as "RGB" or "P".
      size: Height and width as stored.
      orientation: The EXIF orientation, 1 to 8; 1 is upright.
    """

    format: str
    mode: str
    size: tuple[int, int]
    orientation: int


def read_header(path: Path) -> Header:
    """Reads the header of an image, without its pixels.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image.
    """
    with opened(path) as image:
        header = image.format or "", image.mode, (image.height, image.width)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    is_known = isinstance(orientation, int) and 1 <= orientation <= 8
    return Header(*header, orientation if is_known else 1)
