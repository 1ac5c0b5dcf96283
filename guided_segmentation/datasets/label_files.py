"""Files of class names and image-level labels, which users write by hand."""

import csv
import pathlib
from collections.abc import Callable, Iterable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files
from guided_segmentation.errors import InputError

Path = artifacts.Path
CSV_HEADER = ["image_id", "labels"]


def read_label_set(folder: Path) -> labels.LabelSet | None:
    """Returns the label set of a folder's class_names.txt.

    Args:
      folder: May hold class_names.txt: one object per line, in the order of
        the class indices, which start at 1; the background is not listed.

    Returns:
      The label set, or None if there is no such file.

    Raises:
      ValueError: If the names are no valid label set.
    """
    path = pathlib.Path(folder, "class_names.txt")
    if not path.is_file():
        return None
    lines = artifacts.read_text(path).splitlines()
    return label_set_of(filter(None, map(str.strip, lines)), path)


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


def read_label_names(path: Path) -> dict[str, list[str]]:
    """Reads a CSV file of image-level labels.

    Args:
      path: Starts with the header "image_id,labels". Every other line is an
        image: its id (or the file name of the photograph), a comma, and the
        names of its objects separated by spaces.

    Returns:
      The names of the objects by image id.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it has another format or lists an image twice.
    """
    lines = csv.reader(artifacts.read_text(path).splitlines())
    rows = [[cell.strip() for cell in row] for row in lines if any(row)]
    _check_columns(rows, path)
    image_ids = [image_files.image_id(row[0]) for row in rows[1:]]
    image_files.require_different(image_ids, path)
    return dict(
        zip(image_ids, (row[1].split() for row in rows[1:]), strict=True)
    )


def csv_image_labels(
    path: Path, image_ids: tuple[str, ...], label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    """Returns a reader of image-level labels from a CSV file.

    Args:
      path: As `read_label_names` takes it; it may list further images.
      image_ids: The images that need labels.
      label_set: The objects that may be named.

    Returns:
      A function from image id to [num_objects] bool. It raises a ValueError
      for an image without any object.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If an image has no line, or a name is not in the label set.
    """
    names = read_label_names(path)
    missing = [i for i in image_ids if i not in names]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {len(image_ids)} images have no line, "
            f"the first is {missing[0]!r}; add them"
        )
    rows = {i: named_labels(names[i], label_set, path, i) for i in image_ids}
    return lambda image_id: require_objects(rows[image_id], path, image_id)


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


def require_objects(
    image_labels: np.ndarray, path: Path, image_id: str
) -> np.ndarray:
    """Returns image-level labels unchanged if an object is present.

    Args:
      image_labels: [num_objects] bool.
      path: The file they come from, for the message.
      image_id: For the message.

    Raises:
      ValueError: If no object is present: training needs at least one.
    """
    if not image_labels.any():
        raise InputError(
            f"{path}: image {image_id!r} has no image labels, wanted at least "
            f"one object; name it or leave the image out"
        )
    return image_labels


def _check_columns(rows: list[list[str]], path: Path) -> None:
    if not rows or rows[0] != CSV_HEADER:
        found = repr(",".join(rows[0])) if rows else "an empty file"
        raise InputError(
            f"{path}: wanted the header {','.join(CSV_HEADER)}, found {found}"
        )
    for row in rows:
        if len(row) != len(CSV_HEADER):
            raise InputError(
                f"{path}: wanted an image id, a comma and names separated by "
                f"spaces, found {','.join(row)!r}"
            )
