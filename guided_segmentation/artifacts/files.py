"""Which files exist, and whether they changed."""

import os
import pathlib
from collections.abc import Iterable

from guided_segmentation.artifacts import stores
from guided_segmentation.artifacts.urls import Path, is_url, to_path


def existing(path: Path) -> pathlib.Path:
    """Returns the path of a file that exists, to read it at once.

    Raises:
      FileNotFoundError: If there is no such file.
    """
    found = to_path(path)
    if is_url(found):
        return found  # Reading it says whether it exists.
    if not found.is_file():
        raise FileNotFoundError(f"no file {path}")
    return found


def state(path: Path) -> tuple[int, int | str]:
    """Returns a file's size, and what differs once it is written again.

    Raises:
      FileNotFoundError: If there is no such file.
    """
    if is_url(path):
        return stores.state(str(path))
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def read_start(path: Path, count: int) -> bytes:
    """Returns the first bytes of a file."""
    if is_url(path):
        return stores.read(str(path), 0, count)
    with open(path, "rb") as file:
        return file.read(count)


def read_ends(path: Path, size: int, count: int) -> bytes:
    """Returns the first and the last bytes of a file, none of them twice.

    Args:
      path: The file.
      size: Of the file.
      count: Bytes to read at either end.
    """
    second = max(count, size - count)
    if not is_url(path):
        with open(path, "rb", buffering=0) as file:
            content = file.read(count)
            file.seek(second)
            return content + file.read(count)
    if size <= 2 * count:
        return stores.read(str(path))
    return stores.read(str(path), 0, count) + stores.read(
        str(path), second, size
    )


def missing(
    image_ids: Iterable[str], folder: Path, suffix: str = ".png"
) -> list[str]:
    """Returns the image ids that have no file in `folder` yet.

    At a URL the folder is listed, which takes one request a thousand files.
    """
    root = to_path(folder)
    if is_url(root):
        names = set(stores.names(str(root)))
        return [i for i in image_ids if f"{i}{suffix}" not in names]
    return [i for i in image_ids if not (root / f"{i}{suffix}").exists()]
