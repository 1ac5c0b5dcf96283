"""Image-level labels in CSV and TSV files, as people and tools write them."""

import csv
import io
from collections.abc import Collection

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels import cells
from guided_segmentation.datasets.image_labels.rows import Rows
from guided_segmentation.errors import InputError

Path = artifacts.Path
HEADER = ["image_id", "labels"]  # Of files that this package writes.

# Names of the column of images and of that of objects; the first of a header
# counts. Spaces and capitals do not matter.
IMAGE_COLUMNS = (
    "image_id",
    "file_name",
    "filename",
    "image",
    "file",
    "path",
    "photograph",
    "photo",
    "id",
)
LABEL_COLUMNS = (
    "labels",
    "label",
    "tags",
    "tag",
    "classes",
    "class",
    "categories",
    "category",
    "objects",
    "object",
)
_DELIMITERS = (",", "\t", ";")
_PRESENT = ("1", "1.0", "true", "yes", "x")
_ABSENT = ("", "0", "0.0", "-1", "false", "no")


def read(path: Path, known: Collection[str] = ()) -> Rows:
    """Reads a table of image-level labels.

    Args:
      path: Starts with a header. Commas, tabs or semicolons separate columns,
        whichever splits the header into more. One of IMAGE_COLUMNS names the
        photograph. With one of LABEL_COLUMNS, its cells hold names as
        `cells.split_names` takes them, and further columns are not read.
        Without, every other column is an object, present where a cell is 1.
        An image may have several lines.
      known: Names of several words that may stand without quotes.

    Returns:
      For each line the text that names the image, and its objects.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it has another format.
    """
    header, *lines = _lines(artifacts.read_text(path), path)
    named = [each.strip().casefold().replace(" ", "_") for each in header]
    image = _column(named, IMAGE_COLUMNS)
    names = _column(named, LABEL_COLUMNS)
    objects = [i for i, name in enumerate(named) if name and i != image]
    if image is None or not objects:
        raise InputError(
            f"{path}: wanted a header such as {','.join(HEADER)}, found "
            f"{','.join(header)!r}"
        )
    _require_cells(lines, header, path)
    if names is None:
        return [
            (line[image], _marked(line, header, objects, f"{path}: line {n}"))
            for n, line in enumerate(lines, start=2)
        ]
    return [
        (line[image], cells.split_names(line[names], known)) for line in lines
    ]


def _lines(text: str, path: Path) -> list[list[str]]:
    """Splits a table into cells without spaces around them."""
    first = next(filter(str.strip, text.splitlines()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(
        io.StringIO(text), delimiter=delimiter, skipinitialspace=True
    )
    lines = [[cell.strip() for cell in line] for line in reader if any(line)]
    if not lines:
        raise InputError(
            f"{path}: wanted the header {','.join(HEADER)}, found an empty file"
        )
    return lines


def _require_cells(
    lines: list[list[str]], header: list[str], path: Path
) -> None:
    """Checks that every line has as many cells as the header."""
    for line in lines:
        if len(line) != len(header):
            raise InputError(
                f"{path}: wanted {len(header)} cells, as in the header "
                f"{','.join(header)!r}, found {','.join(line)!r}; put quotes "
                f"around names separated by commas"
            )


def _column(header: list[str], names: Collection[str]) -> int | None:
    """Index of the first of some names in a header."""
    found = [name for name in names if name in header]
    return header.index(found[0]) if found else None


def _marked(
    line: list[str], header: list[str], objects: list[int], where: str
) -> list[str]:
    """Names of the columns in which a line has a 1."""
    for column in objects:
        if line[column].casefold() not in (*_PRESENT, *_ABSENT):
            raise InputError(
                f"{where}: wanted 0 or 1 in the column {header[column]!r}, "
                f"found {line[column]!r}; name a column of names 'labels'"
            )
    present = (i for i in objects if line[i].casefold() in _PRESENT)
    return [header[column] for column in present]
