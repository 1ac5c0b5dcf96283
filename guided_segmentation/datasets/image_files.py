"""Photographs by image id: finding, hashing and checking them.

The image id of a photograph is its file name without the ending.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError

Path = artifacts.Path
# Upper or lower case; Pillow reads all of them.
ENDINGS = (
    ".jpg",
    ".jpeg",
    ".jfif",
    ".png",
    ".webp",
    ".bmp",
    ".tif",
    ".tiff",
)
_NUM_SHOWN = 5  # Names that a message lists.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Folder:
    """What a folder of photographs holds.

    Attributes:
      photographs: Files by image id, in the order of their names.
      folders: Names of the folders in it, which are not searched.
      broken_links: Names of photographs that link to no file.
      others: Names of other files.
    """

    photographs: dict[str, pathlib.Path]
    folders: tuple[str, ...] = ()
    broken_links: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def passed_over(self, *expected: str) -> list[str]:
        """Says what is no photograph, and why it is passed over.

        Args:
          *expected: Names of files that need not be mentioned.
        """
        others = [name for name in self.others if name not in expected]
        found = {
            "folders": self.folders,
            "broken links": self.broken_links,
            "files of other endings": others,
        }
        return [
            f"{what}: {len(names)} ({listed(names)})"
            for what, names in found.items()
            if names
        ]


def image_id(text: str) -> str:
    """Returns the id of a photograph, given its id, file name or path.

    Example:
      >>> image_id("/JPEGImages/2007_000032.jpg")
      '2007_000032'
    """
    path = pathlib.PureWindowsPath(text)
    return path.stem if path.suffix.lower() in ENDINGS else path.name


def matcher(image_ids: Iterable[str]) -> Callable[[str], str | None]:
    """Returns a function that finds the image that a user's text names.

    A text is an id, a file name or a path. Letters may be composed (as most
    systems write them) or decomposed (as macOS does).

    Args:
      image_ids: The known ids.

    Returns:
      A function from text to the id, or None if no image has that name. An id
      that ends like a file name, as "scan.jpg" of scan.jpg.jpg, is tried
      before the text without its ending.

    Example:
      >>> match = matcher(["scan.jpg", "a"])
      >>> match("photos/scan.jpg"), match("a.png"), match("b")
      ('scan.jpg', 'a', None)
    """
    by_name = {_composed(name): name for name in image_ids}

    def match(text: str) -> str | None:
        name = _composed(pathlib.PureWindowsPath(text).name)
        return by_name.get(name) or by_name.get(image_id(name))

    return match


def find(data_dir: Path) -> Folder:
    """Finds the photographs in a folder.

    Args:
      data_dir: The folder. Hidden files are ignored.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no photograph, two with the same id, or one
        whose name is not UTF-8 or could be the id of another.
    """
    if not pathlib.Path(data_dir).is_dir():
        raise FileNotFoundError(f"no folder {data_dir}")
    kinds: dict[str, list[str]] = {"photographs": [], "folders": []}
    kinds |= {"broken_links": [], "others": []}
    with os.scandir(data_dir) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                kinds[_kind(entry)].append(entry.name)
    names = sorted(kinds.pop("photographs"))
    if not names:
        raise InputError(
            f"{data_dir}: wanted photographs ({', '.join(ENDINGS)}), found none"
        )
    rest = {kind: tuple(sorted(found)) for kind, found in kinds.items()}
    return Folder(photographs=_by_id(data_dir, names), **rest)


def names_by_stem(
    folder: Path, endings: Collection[str]
) -> dict[str, list[str]]:
    """Lists a folder once, which is cheap for ten thousand files.

    Args:
      folder: May be missing.
      endings: Of the files to list, in lower case.

    Returns:
      The names of the files by their names without ending, both sorted.
    """
    if not pathlib.Path(folder).is_dir():
        return {}
    names: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):
        stem, ending = os.path.splitext(name)
        if ending.lower() in endings:
            names.setdefault(stem, []).append(name)
    return names


def listed(names: Iterable[str]) -> str:
    """Returns names as text, the first few of many.

    Example:
      >>> listed("abcdefg")
      'a, b, c, d, e, ...'
    """
    names = list(names)
    rest = ["..."] if len(names) > _NUM_SHOWN else []
    return ", ".join([*names[:_NUM_SHOWN], *rest])


def digest(photographs: Mapping[str, pathlib.Path]) -> str:
    """Hashes the names of photographs and samples of their content.

    Args:
      photographs: Files by image id.

    Returns:
      16 hexadecimal digits, which do not depend on the folder of the files.
    """
    samples = {i: provenance.sampled_digest(p) for i, p in photographs.items()}
    text = json.dumps(samples, sort_keys=True)
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


def _kind(entry: os.DirEntry) -> str:
    """Field of Folder for an entry of the folder."""
    if entry.is_dir():
        return "folders"
    if pathlib.Path(entry.name).suffix.lower() not in ENDINGS:
        return "others"
    return "photographs" if entry.is_file() else "broken_links"


def _by_id(data_dir: Path, names: list[str]) -> dict[str, pathlib.Path]:
    _require_utf8(data_dir, names)
    taken: dict[str, str] = {}  # File names by composed id.
    for name in names:
        stem = _composed(pathlib.Path(name).stem)
        if stem in taken:
            raise InputError(
                f"{data_dir}: {taken[stem]} and {name} would share the image "
                f"id {stem!r}; rename one"
            )
        taken[stem] = name
    for name in names:
        if _composed(name) in taken:
            raise InputError(
                f"{data_dir}: {name!r} would be a photograph's file name and "
                f"the image id of {taken[_composed(name)]}; rename one"
            )
    folder = pathlib.Path(data_dir)
    return {pathlib.Path(name).stem: folder / name for name in names}


def _require_utf8(data_dir: Path, names: list[str]) -> None:
    wrong = [name for name in names if not _is_utf8(name)]
    if wrong:
        shown = listed(str(os.fsencode(name))[1:] for name in wrong)
        raise InputError(
            f"{data_dir}: wanted file names in UTF-8, found {len(wrong)} in "
            f"another encoding: {shown}; rename them, for example with convmv"
        )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
