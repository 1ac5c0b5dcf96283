"""Paths that may be URLs: s3://bucket/seeds beside runs/seeds.

A folder that a user names is a local folder or a URL that fsspec opens.
`to_path` turns it into a pathlib.Path or a UrlPath; both join names, tell
what exists, list and read alike, so that the code around them is the same.
A UrlPath is no os.PathLike: functions that know local files alone raise a
TypeError instead of making a folder named "s3:". Everything is written
through atomic.replacing. `stores` speaks to fsspec.

Weights of networks are needed as files: `local_copy` fetches them.
"""

from __future__ import annotations

import fnmatch
import functools
import os
import pathlib
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from typing import Any, TypeVar

from guided_segmentation.artifacts import stores
from guided_segmentation.errors import InputError

_PASSWORD = re.compile(r"://[^/@]*:[^/@]*@")
_THREADS = 16  # Requests to a store at once; each waits for the network.
_Result = TypeVar("_Result")


class UrlPath:
    """A file or folder at a URL, with the part of pathlib.Path that is used."""

    def __init__(self, url: str):
        """Keeps the URL.

        Args:
          url: Such as s3://bucket/seeds; slashes at its end are dropped.

        Raises:
          ValueError: If it holds a password, which records would show.
        """
        if _PASSWORD.search(url):
            raise InputError(
                f"{_PASSWORD.sub('://...@', url)}: wanted a URL without a "
                f"password, which settings.json would keep; configure fsspec "
                f"instead (docs/how_to/urls.md)"
            )
        root, mark, rest = url.partition("://")
        self._url = f"{root}{mark}{rest.rstrip('/')}"

    def __str__(self) -> str:
        return self._url

    def __repr__(self) -> str:
        return f"UrlPath({self._url!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UrlPath) and self._url == other._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __lt__(self, other: UrlPath) -> bool:
        return self._url < other._url

    def __truediv__(self, name: str | os.PathLike) -> UrlPath:
        text = os.fspath(name)
        return self if text in ("", ".") else UrlPath(f"{self._url}/{text}")

    @property
    def name(self) -> str:
        """The last part; "" of a bucket."""
        return self._below.name

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return self._below.stem

    @property
    def suffix(self) -> str:
        """The ending of the last part, with its dot."""
        return self._below.suffix

    @property
    def parent(self) -> UrlPath:
        """The folder around it; a bucket's is itself."""
        return self.with_name("") if self.name else self

    @property
    def _below(self) -> pathlib.PurePosixPath:
        """The path below the bucket or host."""
        parts = self._url.partition("://")[2].partition("/")
        return pathlib.PurePosixPath(parts[2])

    def with_name(self, name: str) -> UrlPath:
        """Returns the path of another name in the same folder."""
        return UrlPath(self._url.removesuffix(self.name) + name)

    def with_suffix(self, suffix: str) -> UrlPath:
        """Returns the path with another ending of the last part."""
        return self.with_name(self.stem + suffix)

    def relative_to(self, folder: UrlPath) -> pathlib.PurePosixPath:
        """Returns the path below a folder.

        Raises:
          ValueError: If it is not in the folder.
        """
        own, other = (f"{each._url}/" for each in (self, folder))
        if not own.startswith(other):
            raise ValueError(f"{self} is not in {folder}")
        return pathlib.PurePosixPath(own[len(other) :])

    def resolve(self) -> UrlPath:
        """Returns itself: a URL has no links."""
        return self

    def exists(self) -> bool:
        """Whether there is a file or folder."""
        return stores.info(self._url) is not None

    def is_file(self) -> bool:
        """Whether there is a file."""
        return (stores.info(self._url) or {}).get("type") == "file"

    def is_dir(self) -> bool:
        """Whether there is a folder; in an object store, a file in it."""
        return (stores.info(self._url) or {}).get("type") == "directory"

    def read_bytes(self) -> bytes:
        """Returns the content of the file."""
        return stores.read(self._url)

    def read_text(self, encoding: str) -> str:
        """Returns the content of a text file."""
        return self.read_bytes().decode(encoding)

    def glob(self, pattern: str) -> Iterator[UrlPath]:
        """Yields the files whose parts fit a pattern such as `*/a.txt`."""
        wanted = pattern.split("/")
        for name in stores.names(self._url, depth=len(wanted)):
            parts = name.split("/")
            if len(parts) == len(wanted) and all(
                map(fnmatch.fnmatchcase, parts, wanted)
            ):
                yield self / name

    def rglob(self, pattern: str) -> Iterator[UrlPath]:
        """Yields the files in it and its sub-folders whose name fits."""
        for name in stores.names(self._url):
            if fnmatch.fnmatchcase(name.rpartition("/")[2], pattern):
                yield self / name


# What functions take for a file or folder; a UrlPath stands in for one.
Path = str | os.PathLike


def is_url(path: object) -> bool:
    """Whether a path is a URL.

    Example:
      >>> is_url("s3://bucket/seeds"), is_url("runs/seeds")
      (True, False)
    """
    return isinstance(path, UrlPath) or (
        isinstance(path, str) and "://" in path
    )


def to_path(path: Path, *names: str) -> pathlib.Path:
    """Returns a local path or a URL as an object.

    Args:
      path: A file or folder.
      *names: Joined to it.

    Returns:
      A pathlib.Path; for a URL a UrlPath, which stands in for one.

    Example:
      >>> str(to_path("s3://bucket/seeds/", "a.png"))
      's3://bucket/seeds/a.png'
    """
    if not is_url(path):
        return pathlib.Path(path, *names)
    found: Any = path if isinstance(path, UrlPath) else UrlPath(str(path))
    for name in names:
        found /= name
    return found


def absolute(path: Path) -> str:
    """Returns the absolute name of a local path, and a URL as text."""
    found = to_path(path)
    return str(found) if is_url(found) else os.path.abspath(found)


def name_below(path: Path, folder: Path) -> str | None:
    """Returns the name of a path below a folder; None if it is not in it.

    Args:
      path: A file or folder; links are followed.
      folder: Likewise.

    Returns:
      The name with slashes; "." if they are the same.
    """
    inside, root = to_path(path).resolve(), to_path(folder).resolve()
    if type(inside) is not type(root):
        return None
    try:
        return inside.relative_to(root).as_posix()
    except ValueError:
        return None


def map_files(
    function: Callable[[Path], _Result], paths: Iterable[Path]
) -> list[_Result]:
    """Applies a function to files, side by side if they are at URLs."""
    paths = list(paths)
    if not any(map(is_url, paths)):
        return list(map(function, paths))
    with futures.ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(function, paths))


def local_copy(path: Path) -> pathlib.Path:
    """Returns a local path as it is, and a copy of a file at a URL.

    A copy stays until the process ends, and is made again when the file
    changes.

    Raises:
      FileNotFoundError: If there is no such file at the URL.
    """
    found = to_path(path)
    if not is_url(found):
        return found
    return _fetched(str(found), *stores.state(str(found)))


@functools.lru_cache(maxsize=256)
def _fetched(url: str, size: int, changed: str) -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(dir=_copies().name))
    file = folder / url.rpartition("/")[2]
    file.write_bytes(stores.read(url))
    return file


@functools.cache
def _copies() -> tempfile.TemporaryDirectory:
    """A folder that the process removes when it ends."""
    return tempfile.TemporaryDirectory(prefix="guided_segmentation_")
