"""Tables beside masks that say which class a colour or value is.

Source: labelmap.txt of "Segmentation mask 1.1" in the documentation of CVAT;
_classes.csv of Roboflow's export "Semantic Segmentation Masks".
"""

import csv
import dataclasses
import pathlib

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files, label_files
from guided_segmentation.errors import InputError

Path = artifacts.Path
COLOURS_FILE = "labelmap.txt"
VALUES_FILE = "_classes.csv"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """What the pixels of masks mean.

    Attributes:
      path: The file.
      names: Name of a class by code: a value of 0 to 255, or a colour as
        red * 65536 + green * 256 + blue.
      is_of_colours: Whether the codes are colours.
    """

    path: pathlib.Path
    names: dict[int, str]
    is_of_colours: bool

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of the objects in the order of the file, each once."""
        names = self.names.values()
        return tuple(
            dict.fromkeys(n for n in names if not label_files.is_no_object(n))
        )


def find(folder: Path) -> Table | None:
    """Reads the table of a folder of masks.

    Args:
      folder: It, the folder that it lies in, or else its folders may hold
        labelmap.txt or _classes.csv.

    Returns:
      The table, or None if there is none.

    Raises:
      ValueError: If a line of it cannot be read, two lines mean the same
        pixels, or the tables of several folders differ.
    """
    root = artifacts.to_path(folder)
    for name, parse in ((COLOURS_FILE, _colours), (VALUES_FILE, _values)):
        above = [root / name, root.resolve().parent / name]
        paths = [path for path in above if path.is_file()][:1]
        paths = paths or sorted(root.glob(f"*/{name}"))
        tables = [
            _table(path, parse(path), name == COLOURS_FILE) for path in paths
        ]
        for table in tables:
            _require_same(table, tables[0])
        if tables:
            return tables[0]
    return None


def read_label_map(
    path: Path, table: Table | None, label_set: labels.LabelSet
) -> np.ndarray:
    """Reads a mask; turns colours or values of a table into class indices.

    Args:
      path: The mask.
      table: What its pixels mean. None if they are class indices.
      label_set: The classes.

    Returns:
      [height, width] uint8 class indices and IGNORE.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, a pixel is not in the table, or the
        table names an object that is not in the label set.
    """
    if table is None:
        return artifacts.read_label_map(path)
    if table.is_of_colours:
        rgb = artifacts.read_image(path).astype(np.int32)
        codes = (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]
    else:
        codes = artifacts.read_label_map(path).astype(np.int32)
    known = np.array(sorted(table.names), np.int32)
    places = np.searchsorted(known, codes).clip(max=len(known) - 1)
    strange = known[places] != codes
    if strange.any():
        raise _strange_pixel(path, table, codes, strange)
    return _indices(table, label_set)[places]


def _require_same(table: Table, first: Table) -> None:
    """Checks that the folders of a data set have one table."""
    if table.names != first.names:
        raise InputError(
            f"{table.path}: wanted the classes of {first.path}, found others; "
            f"give the folders one by one"
        )


def _indices(table: Table, label_set: labels.LabelSet) -> np.ndarray:
    """Class index of each code of a table, in ascending order of the codes."""
    found = []
    for _, name in sorted(table.names.items()):
        if name.casefold() in label_files.BACKGROUND_NAMES:
            found.append(labels.BACKGROUND)
        elif name.casefold() in label_files.IGNORED_NAMES:
            found.append(labels.IGNORE)
        elif name in label_set.objects:
            found.append(label_set.objects.index(name) + 1)
        else:
            raise InputError(
                f"{table.path}: {name!r} is not in the label set; its objects "
                f"are {', '.join(label_set.objects)}"
            )
    return np.array(found, np.uint8)


def _strange_pixel(
    path: Path, table: Table, codes: np.ndarray, strange: np.ndarray
) -> InputError:
    row, column = np.argwhere(strange)[0].tolist()
    return InputError(
        f"{path}: wanted the {_kind(table)} of {table.path}, found "
        f"{_shown(int(codes[row, column]), table)} at row {row}, column "
        f"{column}, and {int(strange.sum())} such pixels; save masks as PNG "
        f"without smoothing, or add the class"
    )


def _table(
    path: pathlib.Path, lines: list[tuple[int, str]], is_of_colours: bool
) -> Table:
    table = Table(path=path, names={}, is_of_colours=is_of_colours)
    for code, name in lines:
        if code in table.names:
            raise InputError(
                f"{path}: wanted another {_kind(table)[:-1]} for each class, "
                f"found {_shown(code, table)} for {table.names[code]!r} and "
                f"{name!r}; change one"
            )
        table.names[code] = image_files.composed(name)
    if not lines:
        raise InputError(f"{path}: wanted a class a line, found none")
    return table


def _kind(table: Table) -> str:
    return "colours" if table.is_of_colours else "values"


def _shown(code: int, table: Table) -> str:
    if table.is_of_colours:
        return f"{code >> 16},{code >> 8 & 255},{code & 255}"
    return str(code)


def _colours(path: pathlib.Path) -> list[tuple[int, str]]:
    """Reads lines such as "cat:128,0,0::"; "#" starts a comment."""
    found = []
    for line in artifacts.read_text(path).splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, *parts = line.rsplit(":", 3)
        levels = parts[0].split(",") if len(parts) == 3 else []
        if len(levels) != 3 or not all(map(_is_level, levels)):
            raise InputError(
                f"{path}: wanted lines name:red,green,blue::, found {line!r}"
            )
        red, green, blue = map(int, levels)
        found.append(((red << 16) | (green << 8) | blue, name.strip()))
    return found


def _values(path: pathlib.Path) -> list[tuple[int, str]]:
    """Reads lines such as "1, cat" below a header."""
    lines = csv.reader(artifacts.read_text(path).splitlines())
    found = []
    for line in [line for line in lines if line][1:]:
        if len(line) != 2 or not _is_level(line[0]):
            raise InputError(
                f"{path}: wanted lines of a pixel value and a class, found "
                f"{','.join(line)!r}"
            )
        found.append((int(line[0]), line[1].strip()))
    return found


def _is_level(text: str) -> bool:
    return text.strip().isdecimal() and int(text) <= 255
