"""Image-level labels from a folder of VOC's XML files.

Source: the PASCAL VOC 2012 development kit.
"""

import pathlib

from guided_segmentation import artifacts
from guided_segmentation.datasets import voc_annotations
from guided_segmentation.datasets.image_labels.rows import Rows
from guided_segmentation.errors import InputError


def read(folder: artifacts.Path) -> Rows:
    """Reads a folder of XML files, each named like its photograph.

    Args:
      folder: Of the files, also in sub-folders. Difficult objects count.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no XML, or one that is damaged.
    """
    root = artifacts.to_path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    paths = sorted(root.rglob("*.xml"))
    if not paths:
        raise InputError(f"{folder}: wanted VOC's XML files, found none")
    return [
        (path.relative_to(root).with_suffix("").as_posix(), _names(path))
        for path in paths
    ]


def _names(path: pathlib.Path) -> list[str]:
    found = voc_annotations.read_objects(path)
    return list(dict.fromkeys(name for name, _ in found if name))
