"""Names of classes: class_names.txt, and labels by name."""

from collections.abc import Iterable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files
from guided_segmentation.errors import InputError

Path = artifacts.Path

# Names of class 0, and of no class, which labelme2voc writes on top.
BACKGROUND_NAMES = ("background", "_background_", "__background__", "bg")
IGNORED_NAMES = ("__ignore__", "_ignore_")


def read_label_set(folder: Path) -> labels.LabelSet | None:
    """Returns the label set of a folder's class_names.txt.

    Args:
      folder: May hold class_names.txt: one object per line, in the order of
        the class indices, which start at 1. The background need not be
        listed; on top, as labelme2voc writes it, it is class 0.

    Returns:
      The label set, or None if there is no such file.

    Raises:
      ValueError: If the names are no valid label set.
    """
    path = artifacts.to_path(folder, "class_names.txt")
    if not path.is_file():
        return None
    lines = artifacts.read_text(path).splitlines()
    names = [
        image_files.composed(line.strip()) for line in lines if line.strip()
    ]
    for special in (IGNORED_NAMES, BACKGROUND_NAMES):
        if names and names[0].casefold() in special:
            del names[0]
    for name in names:
        if is_no_object(name):
            raise InputError(
                f"{path}: wanted {name!r} on top, where it is class 0, or not "
                f"at all, found it below a name of the label set; move it"
            )
    return label_set_of(names, path)


def is_no_object(name: str) -> bool:
    """Whether a name means the background, or pixels that are ignored."""
    return name.casefold() in (*IGNORED_NAMES, *BACKGROUND_NAMES)


def label_set_of(objects: Iterable[str], path: Path) -> labels.LabelSet:
    """Returns the label set of some objects.

    Args:
      objects: Names of the objects, in the order of their class indices.
      path: The file they come from, for the message.

    Raises:
      ValueError: If the names are no valid label set.
    """
    try:
        return labels.LabelSet(tuple(objects))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def named_labels(
    names: list[str], label_set: labels.LabelSet, path: Path, image_id: str
) -> np.ndarray:
    """Returns the [num_objects] bool image-level labels of some names.

    Args:
      names: Names of the objects in the image.
      label_set: The objects that may be named.
      path: The file they come from, for the message.
      image_id: For the message.

    Raises:
      ValueError: If a name is not in the label set.
    """
    try:
        return label_set.image_labels(names)
    except InputError as error:
        raise InputError(f"{path}: image {image_id!r}: {error}") from error
