"""Files at URLs, such as s3://bucket/seeds/a.png, through fsspec.

A file appears complete or not at all, as on a local disk. It is written to a
temporary local file first. An object store makes an upload visible when it is
complete; elsewhere the upload gets a temporary name and is renamed.

Nothing here runs, and fsspec is not imported, where all paths are local.
"""

import contextlib
import functools
import os
import pathlib
import re
import uuid
from collections.abc import Iterator
from typing import Any

from guided_segmentation import extras
from guided_segmentation.errors import InputError

EXTRA = "cluster"  # Of setup.cfg.
# Schemes of stores that show an upload when it is whole.
_DIRECT = ("abfs", "abfss", "az", "gcs", "gs", "memory", "oss", "s3", "s3a")
_ABSENT = (FileNotFoundError, NotADirectoryError)
_ROOT = re.compile(r"[A-Za-z][\w+.-]*://[^/]*")
_CHAIN = re.compile(r"::\w+://")  # As in zip://a::s3://bucket/b.zip.


def info(url: str) -> dict | None:
    """Returns what fsspec says of a file or folder; None if there is none.

    Raises:
      OSError: If the store does not answer, or refuses to.
      ValueError: If fsspec does not know the scheme, or its package is missing.
    """
    system, path = _located(url)
    with _explained(url, "ask for"):
        try:
            return system.info(path)
        except _ABSENT:
            return None


def state(url: str) -> tuple[int, str]:
    """Returns the size of a file, and text that differs once it is rewritten.

    Raises:
      FileNotFoundError: If there is no such file.
      OSError: As `info`.
    """
    found = info(url)
    if found is None or found["type"] != "file":
        raise FileNotFoundError(f"no file {url}")
    keys = "ETag", "etag", "LastModified", "mtime", "updated", "created"
    return found["size"], " ".join(str(found.get(key, "")) for key in keys)


def read(url: str, start: int | None = None, end: int | None = None) -> bytes:
    """Returns the content of a file, or its bytes from `start` to `end`.

    Raises:
      FileNotFoundError: If there is no such file.
      OSError: As `info`.
    """
    system, path = _located(url)
    with _explained(url, "read"):
        try:
            return system.cat_file(path, start=start, end=end)
        except _ABSENT:
            raise FileNotFoundError(f"no file {url}") from None


def names(url: str, depth: int | None = None) -> list[str]:
    """Lists the files in a folder and its sub-folders.

    Args:
      url: Of the folder.
      depth: Levels to list; None lists all.

    Returns:
      Names below the folder, with slashes, sorted; none if it is missing.

    Raises:
      OSError: As `info`.
    """
    system, path = _located(url)
    with _explained(url, "list"):
        try:
            found = system.find(path, maxdepth=depth)
        except _ABSENT:
            return []
    start = len(path.rstrip("/")) + 1
    below = (name[start:] for name in found)
    return sorted(name for name in below if name and not name.endswith("/"))


def upload(file: pathlib.Path, url: str) -> None:
    """Writes a local file to a URL, completely or not at all.

    Raises:
      OSError: As `info`.
    """
    system, path = _located(url)
    with _explained(url, "write"):
        if url.startswith("memory:"):
            system.pipe_file(path, file.read_bytes())
        elif _scheme(url) in _DIRECT:
            system.put_file(os.fspath(file), path)
        else:
            _put_and_rename(system, file, path)


def _put_and_rename(system: Any, file: pathlib.Path, path: str) -> None:
    folder, _, name = path.rpartition("/")
    temporary = f"{folder}/.{name[:150]}.{uuid.uuid4().hex[:12]}.tmp"
    system.makedirs(folder, exist_ok=True)
    try:
        system.put_file(os.fspath(file), temporary)
        system.mv(temporary, path)
    except BaseException:
        with contextlib.suppress(Exception):
            system.rm_file(temporary)
        raise


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _located(url: str) -> tuple[Any, str]:
    """Returns the file system of a URL, and the path in it."""
    root = _ROOT.match(url)
    if root is None or _CHAIN.search(url):
        raise InputError(
            f"{url}: wanted a URL such as s3://bucket/folder, found another "
            f"form; chains of file systems are not read"
        )
    system = _file_system(root[0], os.getpid())
    return system, system._strip_protocol(url)


@functools.lru_cache(maxsize=64)
def _file_system(root: str, process: int) -> Any:
    """Opens the file system of a scheme and host, once for all threads.

    fsspec itself keeps one for each thread, and each takes a second to open.
    None survives a fork.

    Args:
      root: Such as s3://bucket.
      process: Number of this process.
    """
    scheme = _scheme(root)
    # Other processes write there, too: listings are not kept.
    options = {"use_listings_cache": False} if scheme in _DIRECT else {}
    core = extras.imported("fsspec.core", EXTRA, root)
    with _explained(root, "open"):
        try:
            return core.url_to_fs(root, **options)[0]
        except ImportError as error:
            raise InputError(
                f"{root}: wanted the package that opens {scheme}://, found "
                f"none; {' '.join(str(error).split())} (s3fs is in "
                f"'guided_segmentation[s3]')"
            ) from error
        except ValueError as error:
            raise InputError(
                f"{root}: wanted a scheme that fsspec knows, such as s3:// or "
                f"gs://, found {scheme}:// ({error})"
            ) from error


@contextlib.contextmanager
def _explained(url: str, what: str) -> Iterator[None]:
    """Turns what a store raises into one line that names the URL.

    Stores raise errors of many classes; OSError is that of files.
    """
    try:
        yield
    except (FileNotFoundError, InputError) as error:
        if what != "write":
            raise
        raise OSError(_line(url, what, error)) from error
    except Exception as error:
        raise OSError(_line(url, what, error)) from error


def _line(url: str, what: str, error: Exception) -> str:
    text = " ".join(str(error).split()) or "no reason"
    return (
        f"{url}: wanted to {what} it, found {type(error).__name__}: {text}; "
        f"check that the bucket or folder exists, and the credentials and "
        f"endpoint that fsspec uses (docs/how_to/urls.md)"
    )
