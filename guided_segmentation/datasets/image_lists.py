"""Lists of image ids: of a split, or of images to keep or to leave out."""

from collections.abc import Iterable

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_checks, image_files
from guided_segmentation.errors import InputError

Path = artifacts.Path


def read_ids(path: Path, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Reads a list of image ids, one per line, in any of the usual forms.

    Ids are read as text, even if they look like numbers. Only the first word
    of a line is read, without folders and without the ending of a photograph:
    "2007_000032", "2007_000032 0 14", "2007_000032.jpg 5" and
    "/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png" are
    the same image. A whole line that names a known image, such as
    "photo 1.jpg", is that image.

    Args:
      path: The list, a text file.
      known: Ids of the images that exist.

    Returns:
      The ids in the order of the list.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it names no image, or one twice.
    """
    image_ids = parse(path, known)
    if not image_ids:
        raise InputError(f"{path}: wanted one image id per line, found none")
    image_checks.require_different(image_ids, path)
    return image_ids


def parse(path: Path, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Reads a list as `read_ids` does, also an empty one or one with repeats.

    Args:
      path: The list, a text file.
      known: Ids of the images that exist.
    """
    match = image_files.matcher(known)
    lines = map(str.strip, artifacts.read_text(path).splitlines())
    return tuple(
        match(line)
        or match(line.split()[0])
        or image_files.image_id(line.split()[0])
        for line in lines
        if line
    )
