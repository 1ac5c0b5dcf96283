"""Files and folders that appear complete or not at all.

A local file is written beside its place and renamed; a file at a URL is
written locally and uploaded, as `stores` says.
"""

import contextlib
import glob
import hashlib
import os
import pathlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator

from guided_segmentation.artifacts import stores
from guided_segmentation.artifacts.urls import Path, is_url, to_path

_MAX_NAME_BYTES = 200  # File systems allow 255; a temporary name is longer.


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path that replaces `path` on success.

    Args:
      path: The file to write; its folder is created if it does not exist.

    Yields:
      The path to write to, beside `path`, or a local one if `path` is a URL.
      On any error it is removed and `path` stays as it was.

    Raises:
      OSError: If the file cannot be written, as on a full disk; names `path`.
    """
    if is_url(path):
        with _uploading(path) as temporary:
            yield temporary
        return
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _add_filename(error, path)
        raise


@contextlib.contextmanager
def _uploading(path: Path) -> Iterator[pathlib.Path]:
    """Yields a temporary local path, and uploads it on success."""
    url = to_path(path)
    with tempfile.TemporaryDirectory(prefix="guided_segmentation_") as folder:
        temporary = pathlib.Path(folder, f"upload{url.suffix}")
        yield temporary
        stores.upload(temporary, str(url))


def remove_orphans(path: Path) -> None:
    """Removes what stopped processes left half-written beside `path`."""
    path = pathlib.Path(path)
    pattern = f"{glob.escape(_stem(path))}.*.tmp"
    for orphan in path.parent.glob(pattern):
        process = orphan.name.removeprefix(f"{_stem(path)}.").split(".")[0]
        if not process.isdigit() or _is_running(int(process)):
            continue
        if orphan.is_dir():
            shutil.rmtree(orphan, ignore_errors=True)
        else:
            orphan.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[pathlib.Path]:
    """Yields an empty temporary folder that replaces `path` on success.

    Args:
      path: The folder to write. Its old content is removed on success.

    Yields:
      The folder to write to, beside `path`; what killed processes left is
      removed first. On any error it is removed and `path` stays as it was.
    """
    path = pathlib.Path(path)
    remove_orphans(path)
    temporary = _temporary(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _temporary(path: pathlib.Path) -> pathlib.Path:
    """A name beside `path` that no other thread or process uses."""
    unique = uuid.uuid4().hex[:12]
    return path.with_name(f"{_stem(path)}.{os.getpid()}.{unique}.tmp")


def _stem(path: pathlib.Path) -> str:
    """How the temporary names of `path` begin; a digest of a long name."""
    name = os.fsencode(path.name)
    if len(name) > _MAX_NAME_BYTES:
        return f".{hashlib.sha256(name).hexdigest()[:32]}"
    return f".{path.name}"


def _add_filename(error: BaseException, path: pathlib.Path) -> None:
    """Adds `path` to the message of a system error that names no file."""
    if isinstance(error, OSError) and error.errno is not None:
        error.filename = error.filename or os.fspath(path)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # Signal 0 only checks that the process exists.
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It belongs to another user.
    return True
