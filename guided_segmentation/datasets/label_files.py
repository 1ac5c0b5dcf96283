"""Files of class names and image-level labels, which users write by hand."""

import csv
import pathlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files
from guided_segmentation.errors import InputError

Path = artifacts.Path
CSV_HEADER = ["image_id", "labels"]

# Names of class 0, and of no class, which labelme2voc writes on top.
BACKGROUND_NAMES = ("background", "_background_", "__background__", "bg")
IGNORED_NAMES = ("__ignore__", "_ignore_")

_QUOTED = re.compile(r"""(?<!\w)(["'])(.+?)\1(?!\w)""")
_SEPARATORS = re.compile("[,;|]")


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
    path = pathlib.Path(folder, "class_names.txt")
    if not path.is_file():
        return None
    lines = artifacts.read_text(path).splitlines()
    names = list(filter(None, map(str.strip, lines)))
    for special in (IGNORED_NAMES, BACKGROUND_NAMES):
        if names and names[0].casefold() in special:
            del names[0]
    for name in names:
        if name.casefold() in (*IGNORED_NAMES, *BACKGROUND_NAMES):
            raise InputError(
                f"{path}: wanted {name!r} on top, where it is class 0, or not "
                f"at all, found it below a name of the label set; move it"
            )
    return label_set_of(names, path)


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


def read_rows(
    path: Path, known: Collection[str] = ()
) -> list[tuple[str, list[str]]]:
    """Reads a CSV file of image-level labels.

    Args:
      path: Starts with the header "image_id,labels". Every other line is an
        image, or one object of it: the image's id or the file name of the
        photograph, a comma, and names as `split_names` takes them.
      known: Names of several words that may stand without quotes.

    Returns:
      For each line the text that names the image, and its objects.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it has another format.
    """
    lines = csv.reader(artifacts.read_text(path).splitlines())
    rows = [[cell.strip() for cell in row] for row in lines if any(row)]
    _check_columns(rows, path)
    return [(name, split_names(cell, known)) for name, cell in rows[1:]]


def split_names(cell: str, known: Collection[str] = ()) -> list[str]:
    """Splits the names of objects in one cell.

    Commas, semicolons or bars separate names, which may then be of several
    words. Without them spaces do, and a name of several words is quoted or
    known.

    Args:
      cell: The text, without the quotes of the CSV.
      known: Names of several words that may stand without quotes.

    Example:
      >>> split_names("cat dog"), split_names("traffic light; dog")
      (['cat', 'dog'], ['traffic light', 'dog'])
      >>> split_names("'traffic light' dog"), split_names("a b c", ["a b"])
      (['traffic light', 'dog'], ['a b', 'c'])
    """
    names: list[str] = []
    for part, is_quoted in _parts(cell):
        if is_quoted:
            names.append(part)
        elif _SEPARATORS.search(cell):
            for name in _SEPARATORS.split(part):
                is_known = not known or name.strip() in known
                names += [name] if is_known else _words(name, known)
        else:
            names += _words(part, known)
    return [name.strip() for name in names if name.strip()]


def csv_image_labels(
    path: Path, image_ids: tuple[str, ...], label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    """Returns a reader of image-level labels from a CSV file.

    The objects of an image are those of all its lines. An image whose cell is
    empty has no objects, which is an example too.

    Args:
      path: As `read_rows` takes it; it may list further images.
      image_ids: The images that need labels.
      label_set: The objects that may be named.

    Returns:
      A function from image id to [num_objects] bool.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If an image has no line, or a name is not in the label set.
    """
    match = image_files.matcher(image_ids)
    names: dict[str, list[str]] = {}
    for text, found in read_rows(path, label_set.objects):
        image_id = match(text)
        if image_id is not None:
            names.setdefault(image_id, []).extend(found)
    missing = [i for i in image_ids if i not in names]
    if missing:
        raise InputError(
            f"{path}: {len(missing)} of {len(image_ids)} images have no line, "
            f"the first is {missing[0]!r}; add them, with an empty cell if "
            f"there is no object in the image"
        )
    rows = {i: named_labels(names[i], label_set, path, i) for i in image_ids}
    return lambda image_id: rows[image_id].copy()


def unknown_images(path: Path, image_ids: Iterable[str]) -> list[str]:
    """Returns what a CSV file calls images that are not among `image_ids`."""
    match = image_files.matcher(image_ids)
    texts = dict.fromkeys(text for text, _ in read_rows(path))
    return [text for text in texts if match(text) is None]


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


def _parts(cell: str) -> Iterator[tuple[str, bool]]:
    """Yields quoted and other parts of a cell, and whether they are quoted."""
    end = 0
    for quoted in _QUOTED.finditer(cell):
        yield cell[end : quoted.start()], False
        yield quoted.group(2), True
        end = quoted.end()
    yield cell[end:], False


def _words(text: str, known: Collection[str]) -> list[str]:
    """Splits at spaces, but not within known names; longer ones first."""
    phrases = sorted((n for n in known if " " in n), key=len, reverse=True)
    pattern = "|".join([*map(re.escape, phrases), r"\S+"])
    return re.findall(rf"(?<!\S)(?:{pattern})(?!\S)", text)


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
                f"spaces, found {','.join(row)!r}; put quotes around names "
                f"separated by commas"
            )
