"""Checks of photographs, lists of images and maps against each other."""

import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

Path = artifacts.Path


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
    exist = artifacts.map_files(_is_file, photographs.values())
    missing = [
        i for i, found in zip(photographs, exist, strict=True) if not found
    ]
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
    """Checks that a map has the size of its upright photograph.

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
        stored = artifacts.read_stored_size(photograph)
        turned = label_map.shape == stored == size[::-1]
        hint = " (its EXIF orientation is a quarter turn)" if turned else ""
        raise InputError(
            f"{path}: wanted the height and width of image {image_id!r}, "
            f"{size}{hint}, found {label_map.shape}; replace one of the two"
        )


def _is_file(path: Path) -> bool:
    return artifacts.to_path(path).is_file()
