"""Names of photographs: endings, image ids, and what users call them.

The image id of a photograph is its path below the folder of the photographs,
with slashes and without the ending.
"""

import hashlib
import json
import os
import pathlib
import re
import unicodedata
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
)

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError

Path = artifacts.Path
# Upper or lower case; Pillow reads all of them, HEIC with the extra "heic".
ENDINGS = (
    ".jpg",
    ".jpeg",
    ".jfif",
    ".png",
    ".webp",
    ".bmp",
    ".tif",
    ".tiff",
    *artifacts.HEIC_ENDINGS,
)
_SLASHES = re.compile(r"[/\\]")
_NUM_SHOWN = 5  # Names that a message lists.


def without_ending(name: str) -> str:
    """Returns the name of a photograph, or a path of it, without its ending.

    Example:
      >>> without_ending("a/b.jpg"), without_ending("v1.2")
      ('a/b', 'v1.2')
    """
    stem, ending = os.path.splitext(name)
    return stem if ending.lower() in ENDINGS else name


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

    A text is an id, a file name or a path, with slashes or backslashes.
    Letters may be composed (as most systems write them) or decomposed (as
    macOS does). A path may start above the folder of the photographs. A name
    without a folder is that of a photograph in any sub-folder.

    Args:
      image_ids: The known ids.

    Returns:
      A function from text to the id, or None if no image has that name. An id
      that ends like a file name, as "scan.jpg" of scan.jpg.jpg, is tried
      before the text without its ending. It raises ValueError if photographs
      in several folders have that name.

    Example:
      >>> match = matcher(["scan.jpg", "a", "more/c"])
      >>> match("photos/scan.jpg"), match("a.png"), match("b")
      ('scan.jpg', 'a', None)
      >>> match("photos/more/c.jpg"), match("c.jpg"), match("less/c.jpg")
      ('more/c', 'more/c', None)
    """
    by_id = {composed(name): name for name in image_ids}
    by_last: dict[str, list[str]] = {}
    for name, known in by_id.items():
        by_last.setdefault(name.rpartition("/")[2], []).append(known)

    def match(text: str) -> str | None:
        parts = [p for p in _SLASHES.split(composed(text)) if p]
        for first in range(len(parts)):
            tail = "/".join(parts[first:])
            for name in (tail, without_ending(tail)):
                if name in by_id:
                    return by_id[name]
        if len(parts) != 1:
            return None
        last = parts[0] if parts[0] in by_last else without_ending(parts[0])
        found = by_last.get(last, [])
        if len(found) > 1:
            raise InputError(
                f"{text!r} names {len(found)} photographs: {listed(found)}; "
                f"write it with its folder"
            )
        return found[0] if found else None

    return match


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
    root = artifacts.to_path(folder)
    if not root.is_dir():
        return {}
    if artifacts.is_url(root):
        found = [each.name for each in root.glob("*")]
    else:
        found = os.listdir(root)
    names: dict[str, list[str]] = {}
    for name in sorted(found):
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
    files = photographs.values()
    found = artifacts.map_files(provenance.sampled_digest, files)
    samples = dict(zip(photographs, found, strict=True))
    text = json.dumps(samples, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_utf8(name: str) -> bool:
    """Whether the name of a file is encoded in UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_bytes(name: str) -> str:
    r"""Returns a name that is not UTF-8 with its bytes, as in 'caf\xe9'."""
    return str(os.fsencode(name))[1:]


def composed(text: str) -> str:
    """Returns text with composed letters, as most systems write them."""
    return unicodedata.normalize("NFC", text)
