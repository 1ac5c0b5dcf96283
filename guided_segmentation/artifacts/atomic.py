"""Files and folders that appear complete or not at all."""

import contextlib
import glob
import os
import pathlib
import secrets
import shutil
from collections.abc import Iterator

Path = str | os.PathLike


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[pathlib.Path]:
    """Yields a temporary path that replaces `path` on success.

    Args:
      path: The file to write; its folder is created if it does not exist.

    Yields:
      The path to write to, beside `path`. On any error it is removed and
      `path` stays as it was.

    Raises:
      OSError: If the file cannot be written, as on a full disk; names `path`.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    name = f"{_prefix(path)}{secrets.token_hex(4)}.{os.getpid()}.tmp"
    temporary = path.with_name(name)
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _add_filename(error, path)
        raise


def remove_orphans(path: Path) -> None:
    """Removes the temporary files of `path` whose process no longer runs."""
    path = pathlib.Path(path)
    for orphan in path.parent.glob(f"{glob.escape(_prefix(path))}*.tmp"):
        if not _is_running(int(orphan.name.split(".")[-2])):
            orphan.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[pathlib.Path]:
    """Yields an empty temporary folder that replaces `path` on success.

    Args:
      path: The folder to write. Its old content is removed on success.

    Yields:
      The folder to write to, beside `path`; what a killed process left in it
      is removed first. On any error it is removed and `path` stays as it was.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
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


def _prefix(path: pathlib.Path) -> str:
    """Start of the names of temporary files, which may have 255 bytes."""
    return f".{os.fsdecode(os.fsencode(path.name)[:200])}."


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
