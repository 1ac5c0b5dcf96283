"""Which files exist."""

import pathlib
from collections.abc import Iterable

from guided_segmentation.artifacts.atomic import Path


def existing(path: Path) -> pathlib.Path:
    """Returns the path of a file that exists.

    Raises:
      FileNotFoundError: If there is no such file.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    return path


def missing(
    image_ids: Iterable[str], folder: Path, suffix: str = ".png"
) -> list[str]:
    """Returns the image ids that have no file in `folder` yet."""
    folder = pathlib.Path(folder)
    return [i for i in image_ids if not (folder / f"{i}{suffix}").exists()]
