"""Photographs by image id: finding, hashing and checking them.

The image id of a photograph is its file name without the ending.
"""

import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

Path = artifacts.Path
ENDINGS = (".jpg", ".jpeg", ".png")  # Upper or lower case.


def image_id(text: str) -> str:
    """Returns the id of a photograph, given its id, file name or path.

    Example:
      >>> image_id("/JPEGImages/2007_000032.jpg")
      '2007_000032'
    """
    path = pathlib.PureWindowsPath(text)
    return path.stem if path.suffix.lower() in ENDINGS else path.name


def find(data_dir: Path) -> dict[str, pathlib.Path]:
    """Returns the photographs in a folder by image id.

    Args:
      data_dir: The folder. Hidden files and other folders in it are ignored.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no photograph, or two with the same id.
    """
    if not pathlib.Path(data_dir).is_dir():
        raise FileNotFoundError(f"no folder {data_dir}")
    found: dict[str, pathlib.Path] = {}
    for path in sorted(
        filter(_is_photograph, pathlib.Path(data_dir).iterdir())
    ):
        if path.stem in found:
            raise InputError(
                f"{data_dir}: {found[path.stem].name} and {path.name} would "
                f"share the image id {path.stem!r}; rename one"
            )
        found[path.stem] = path
    if not found:
        raise InputError(
            f"{data_dir}: wanted photographs ({', '.join(ENDINGS)}), found none"
        )
    return found


def digest(photographs: Mapping[str, pathlib.Path]) -> str:
    """Hashes the names and lengths of photographs, without reading them.

    Args:
      photographs: Files by image id.

    Returns:
      16 hexadecimal digits, which do not depend on the folder of the files.
    """
    lengths = {name: path.stat().st_size for name, path in photographs.items()}
    text = json.dumps(lengths, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def require_existing(
    photographs: Mapping[str, pathlib.Path], path: Path
) -> None:
    """Checks that the photograph of every image exists.

    Args:
      photographs: Expected files by image id.
      path: The file that lists the images, for the message.

    Raises:
      FileNotFoundError: If one is missing.
    """
    missing = [i for i, file in photographs.items() if not file.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{path}: {len(missing)} of {len(photographs)} images have no "
            f"photograph, the first is {missing[0]!r}: wanted "
            f"{photographs[missing[0]]}; add them or remove them from the list"
        )


def require_different(image_ids: Iterable[str], path: Path) -> None:
    """Checks that a file lists no image twice.

    Args:
      image_ids: The ids in the file.
      path: The file, for the message.

    Raises:
      ValueError: If an id occurs twice.
    """
    seen = set()
    for name in image_ids:
        if name in seen:
            raise InputError(
                f"{path}: image {name!r} is listed twice; keep one of the "
                f"entries"
            )
        seen.add(name)


def require_size(
    label_map: np.ndarray, path: Path, photograph: Path, image_id: str
) -> None:
    """Checks that a map has the size of its photograph.

    Args:
      label_map: [height, width] of any dtype, read from `path`.
      path: The file of the map, for the message.
      photograph: The file of the photograph; only its header is read.
      image_id: For the message.

    Raises:
      ValueError: If the two differ in size.
    """
    size = artifacts.read_size(photograph)
    if label_map.shape != size:
        raise InputError(
            f"{path}: wanted the height and width of image {image_id!r}, "
            f"{size}, found {label_map.shape}; replace one of the two"
        )


def _is_photograph(path: pathlib.Path) -> bool:
    hidden = path.name.startswith(".")
    return path.suffix.lower() in ENDINGS and not hidden and path.is_file()
