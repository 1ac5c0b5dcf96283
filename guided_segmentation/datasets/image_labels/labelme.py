"""Image-level labels from labelme's files: flags and shapes.

Source: the file format of labelme 5.
"""

import pathlib

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels.rows import Rows, field
from guided_segmentation.errors import InputError


def read(folder: artifacts.Path) -> Rows:
    """Reads a folder of JSON files, each named like its photograph.

    Args:
      folder: Of the files, also in sub-folders. An image shows the objects of
        the flags that are set and of all shapes.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no JSON, or one that is not labelme's.
    """
    root = artifacts.to_path(folder)
    paths = sorted(root.rglob("*.json"))
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    if not paths:
        raise InputError(f"{folder}: wanted labelme's JSON files, found none")
    return [
        (path.relative_to(root).with_suffix("").as_posix(), _names(path))
        for path in paths
    ]


def _names(path: pathlib.Path) -> list[str]:
    content = artifacts.read_json(path)
    shapes = field(content, "shapes", list, str(path))
    flags = content.get("flags") or {}
    names = [name for name, is_set in flags.items() if is_set]
    names += [field(each, "label", str, f"{path}: shapes") for each in shapes]
    return list(dict.fromkeys(names))
