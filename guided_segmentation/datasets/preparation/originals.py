"""Archives and folders as the authors of data sets distribute them."""

import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

import tqdm

from guided_segmentation import artifacts, provenance
from guided_segmentation.datasets.preparation import checksums
from guided_segmentation.errors import InputError

Path = artifacts.Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Original:
    """What the authors of a data set distribute.

    Attributes:
      archive: File name of the archive.
      folder: Folder that unpacking the archive makes.
      url: Where to get it.
      md5: Digest of the official archive, hexadecimal digits; "" if it is not
        known.
    """

    archive: str
    folder: str
    url: str
    md5: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class File:
    """A file in an archive or a folder.

    Attributes:
      name: Its path from the top of the archive, with slashes; for a folder,
        from the folder that holds it.
      size: Number of bytes.
      read: Returns its content.
      path: The file itself, None in an archive.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    path: pathlib.Path | None = None


def find(data_dir: Path, original: Original) -> pathlib.Path:
    """Returns the path of the archive in `data_dir`, or else of the folder.

    Raises:
      FileNotFoundError: If neither is there. The message says what to get,
        and where to put it.
    """
    archive = pathlib.Path(data_dir, original.archive)
    for path in (archive, pathlib.Path(data_dir, original.folder)):
        if path.exists():
            return path
    raise FileNotFoundError(
        f"no {original.archive}, nor the folder {original.folder} that "
        f"unpacking it makes, in {data_dir}; get the archive from "
        f"{original.url} and put it at {archive}"
    )


def files(path: Path) -> Iterator[File]:
    """Yields the files of an archive or folder, in a fixed order.

    A file of an archive must be read before the next one is asked for.

    Args:
      path: A tar archive, compressed or not, a zip archive, or a folder.

    Raises:
      ValueError: If the archive is damaged or is neither, or a file in it
        would be unpacked outside the folder.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        yield from _files_of_folder(path)
        return
    members = _zip_members if path.name.endswith(".zip") else _tar_members
    try:
        for file in members(path):
            _require_inside(file.name, path)
            yield file
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
    ) as error:
        raise InputError(
            f"{path}: wanted a complete tar or zip archive, found {error}; "
            f"get it again"
        ) from error


def texts(path: Path, endings: tuple[str, ...]) -> dict[str, str]:
    """Reads some text files of an archive or folder.

    Args:
      path: As `files` takes it.
      endings: Ends of their paths, such as "dataset/train.txt".

    Returns:
      Their content by ending.

    Raises:
      ValueError: If one is missing.
    """
    found: dict[str, str] = {}
    for file in files(path):
        for ending in endings:
            if f"/{file.name}".endswith(f"/{ending}"):
                found[ending] = file.read().decode("utf-8-sig")
        if len(found) == len(endings):
            return found
    missing = [ending for ending in endings if ending not in found]
    raise InputError(
        f"{path}: wanted {', '.join(endings)} in it, found no "
        f"{', '.join(missing)}; get it again"
    )


def place(file: File, target: Path) -> None:
    """Puts a file at `target`, unless one of the same size is there.

    A file of a folder is linked, and copied where the file system cannot
    link; it takes no further space.

    Args:
      file: As `files` yields it.
      target: Where it goes; its folder is created if it does not exist.
    """
    target = pathlib.Path(target)
    if target.is_file() and target.stat().st_size == file.size:
        return
    if file.path is None:
        artifacts.write_bytes(target, file.read())
        return
    with artifacts.replacing(target) as temporary:
        try:
            os.link(file.path, temporary)
        except OSError:  # Another file system, or one without links.
            shutil.copyfile(file.path, temporary)


def place_all(
    path: Path, output_dir: Path, wanted: Callable[[str], bool]
) -> None:
    """Places the files of an archive or folder below `output_dir`.

    Args:
      path: As `files` takes it. If it lies in `output_dir` as a folder, its
        files stay where they are.
      output_dir: Receives the files under their names.
      wanted: Takes a name; whether the file is wanted.
    """
    path = pathlib.Path(path)
    if path.is_dir() and path.parent.resolve() == _resolved(output_dir):
        return
    for file in progress(files(path), path.name):
        if wanted(file.name):
            place(file, pathlib.Path(output_dir, file.name))


def progress(found: Iterator[File], what: str) -> Iterator[File]:
    """Shows how many files have passed; no bar if stderr is no terminal."""
    return tqdm.tqdm(found, desc=what, unit="file", disable=None)


def recorded(
    path: Path,
    original: Original | None = None,
    ignored: tuple[str, ...] = (),
) -> dict:
    """Returns what identifies an archive or folder, for preparation.json.

    Args:
      path: An archive, another file, or a folder.
      original: If given, an archive must have its MD5 digest.
      ignored: Starts of the names of files in a folder that do not count.

    Returns:
      "sha256" and "bytes" of a file; of a folder, the number of "files" and a
      "digest" of their names and sizes.

    Raises:
      ValueError: If the archive is not the official one.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        found = {
            file.name: file.size
            for file in files(path)
            if not file.name.startswith(ignored)
        }
        return {"files": len(found), "digest": checksums.of_json(found)}
    if original is not None and original.md5:
        found_md5 = checksums.md5(path)
        if found_md5 != original.md5:
            raise InputError(
                f"{path}: wanted the official archive, MD5 {original.md5}, "
                f"found MD5 {found_md5}; the download is incomplete or "
                f"another file: get it from {original.url}"
            )
    return {"sha256": provenance.sha256(path), "bytes": path.stat().st_size}


def _files_of_folder(folder: pathlib.Path) -> Iterator[File]:
    for path in sorted(folder.rglob("*")):
        hidden = path.name.startswith((".", "Thumbs.db"))
        if path.is_file() and not hidden:
            yield File(
                name=path.relative_to(folder.parent).as_posix(),
                size=path.stat().st_size,
                read=path.read_bytes,
                path=path,
            )


def _tar_members(path: pathlib.Path) -> Iterator[File]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile() and not _is_noise(member.name):
                content = archive.extractfile(member)
                assert content is not None  # It is a file.
                with contextlib.closing(content):
                    yield File(
                        name=member.name.removeprefix("./"),
                        size=member.size,
                        read=content.read,
                    )


def _zip_members(path: pathlib.Path) -> Iterator[File]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir() and not _is_noise(member.filename):
                yield File(
                    name=member.filename.removeprefix("./"),
                    size=member.file_size,
                    read=functools.partial(archive.read, member),
                )


def _is_noise(name: str) -> bool:
    """Whether a member is what macOS or Windows adds to archives."""
    path = pathlib.PurePosixPath(name)
    return path.name.startswith((".", "Thumbs.db")) or "__MACOSX" in path.parts


def _require_inside(name: str, path: pathlib.Path) -> None:
    inside = pathlib.PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise InputError(
            f"{path}: wanted files below one folder, found {name!r}; do not "
            f"unpack this archive, get the official one"
        )


def _resolved(folder: Path) -> pathlib.Path:
    return pathlib.Path(folder).resolve()
