"""Photographs in a folder and its sub-folders."""

import dataclasses
import functools
import os
import pathlib
import re
from collections.abc import Container, Iterable, Iterator

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_files
from guided_segmentation.errors import InputError

Path = artifacts.Path
RESULTS_FILE = "settings.json"  # Every stage writes it beside its results.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Folder:
    """What a folder of photographs and its sub-folders hold.

    Names are paths below the folder, with slashes.

    Attributes:
      root: The folder.
      names: Names of the photographs, sorted.
      results: Names of folders that hold results of a stage, which are not
        searched.
      broken_links: Names of photographs that link to no file.
      others: Names of other files.
    """

    root: pathlib.Path
    names: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    broken_links: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @functools.cached_property
    def photographs(self) -> dict[str, pathlib.Path]:
        """Files by image id, in the order of the ids."""
        found = {
            image_files.without_ending(name): self.root / name
            for name in self.names
        }
        return dict(sorted(found.items()))

    def passed_over(self, expected: Container[str] = ()) -> list[str]:
        """Says what is no photograph, and why it is passed over.

        Args:
          expected: Names of files that need not be mentioned.
        """
        others = [name for name in self.others if name not in expected]
        found = {
            f"folders of results, with {RESULTS_FILE}": self.results,
            "broken links": self.broken_links,
            "files of other endings": others,
        }
        return [
            f"{what}: {len(names)} ({image_files.listed(names)})"
            for what, names in found.items()
            if names
        ]


def find(data_dir: Path, without: Iterable[Path] = ()) -> Folder:
    """Finds the photographs in a folder and its sub-folders.

    Args:
      data_dir: The folder.
      without: Folders in it that are not searched.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If it holds no photograph, two with the same id, or one
        whose name is not UTF-8 or could be the id of another.
    """
    found = search(data_dir, without)
    if not found.names:
        raise InputError(
            f"{data_dir}: wanted photographs ("
            f"{', '.join(image_files.ENDINGS)}), found none"
        )
    _require_utf8(data_dir, found.names)
    for first, second, why in clashes(found.names):
        raise InputError(f"{data_dir}: {first} and {second} {why}; rename one")
    return found


def search(data_dir: Path, without: Iterable[Path] = ()) -> Folder:
    """Lists a folder and its sub-folders, whatever the files are named.

    Hidden files and folders are ignored. Links to folders are followed.

    Args:
      data_dir: The folder.
      without: Folders in it that are not searched.

    Raises:
      FileNotFoundError: If there is no such folder.
    """
    root = artifacts.to_path(data_dir)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {data_dir}")
    if artifacts.is_url(root):
        walked = _walk_url(root, without)
    else:
        left_out = {artifacts.to_path(each).resolve() for each in without}
        walked = _walk(root, "", left_out - {root.resolve()})
    kinds: dict[str, list[str]] = {}
    for name, kind in walked:
        kinds.setdefault(kind, []).append(name)
    sorted_kinds = {kind: tuple(sorted(found)) for kind, found in kinds.items()}
    return Folder(root=root, **sorted_kinds)


def clashes(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yields pairs of photographs that cannot be told apart, and why.

    Args:
      names: Names of photographs, as in Folder.

    Example:
      >>> list(clashes(["a.jpg", "a.png"]))
      [('a.jpg', 'a.png', "would share the image id 'a'")]
    """
    taken: dict[str, str] = {}  # Names by composed id.
    for name in names:
        stem = image_files.composed(image_files.without_ending(name))
        if stem in taken:
            yield taken[stem], name, f"would share the image id {stem!r}"
        taken.setdefault(stem, name)
    for name in names:
        other = taken.get(image_files.composed(name))
        if other is not None:
            yield name, other, f"would share the name {name!r}, an image id"


def _walk(
    folder: pathlib.Path, prefix: str, left_out: set[pathlib.Path]
) -> Iterator[tuple[str, str]]:
    """Yields name and field of Folder of what a folder holds.

    Args:
      folder: The folder.
      prefix: Its name below the root, with a slash at the end.
      left_out: Resolved folders that are not searched.
    """
    left_out = left_out | {folder.resolve()}  # A link may lead back here.
    with os.scandir(folder) as entries:
        found = [each for each in entries if not each.name.startswith(".")]
    for entry in found:
        name = f"{prefix}{entry.name}"
        path = folder / entry.name
        if not entry.is_dir():
            yield name, _kind(entry)
        elif (path / RESULTS_FILE).is_file():
            yield name, "results"
        elif path.resolve() not in left_out:
            yield from _walk(path, f"{name}/", left_out)


def _walk_url(
    root: pathlib.Path, without: Iterable[Path]
) -> Iterator[tuple[str, str]]:
    """Does `_walk` for a URL, from one list of all files below it."""
    names = [path.relative_to(root).as_posix() for path in root.rglob("*")]
    hidden = re.compile(r"(?:^|/)\.")
    left_out = {artifacts.name_below(each, root) for each in without} - {"."}
    results = {
        name.rpartition("/")[0]
        for name in names
        if name.endswith(f"/{RESULTS_FILE}")
    }
    found = set()
    for name in names:
        folders = _folders(name)
        result = next((each for each in folders if each in results), None)
        if hidden.search(name) or left_out.intersection(folders):
            continue
        found.add((result, "results") if result else (name, _kind_of(name)))
    yield from found


def _folders(name: str) -> list[str]:
    """Names of the folders that a file lies in, the outermost first."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _kind(entry: os.DirEntry) -> str:
    """Field of Folder for a file."""
    kind = _kind_of(entry.name)
    return "broken_links" if kind == "names" and not entry.is_file() else kind


def _kind_of(name: str) -> str:
    """Field of Folder for the name of a file."""
    is_photograph = os.path.splitext(name)[1].lower() in image_files.ENDINGS
    return "names" if is_photograph else "others"


def _require_utf8(data_dir: Path, names: Iterable[str]) -> None:
    wrong = [name for name in names if not image_files.is_utf8(name)]
    if wrong:
        shown = image_files.listed(map(image_files.shown_bytes, wrong))
        raise InputError(
            f"{data_dir}: wanted file names in UTF-8, found {len(wrong)} in "
            f"another encoding: {shown}; rename them, for example with convmv"
        )
