"""Decoded image files on disk: a bounded cache that runs share.

Decoding a photograph takes ten times as long as reading its pixels. An entry
is a file of its own, named by a digest of the content of the image file and of
what was decoded, so that a changed file has another entry. It is written
beside its place and renamed: a killed process leaves no half entry. One that
is damaged on disk fails its checksum and is made again.

tf.data's own caches do not do this: `cache` and `snapshot` hold one pipeline's
elements in one order, have no bound, and a killed writer leaves a lock.
"""

import contextlib
import hashlib
import os
import pathlib
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator

import numpy as np
import PIL

from guided_segmentation.artifacts import pictures
from guided_segmentation.artifacts.atomic import remove_orphans
from guided_segmentation.artifacts.files import state
from guided_segmentation.artifacts.recent import Recent
from guided_segmentation.artifacts.urls import Path, to_path

_HEADER = struct.Struct("<IIII")  # Checksum, height, width, channels or 0.
_SUFFIX = ".pixels"
_RESCAN = 0.01  # Of the bound: what may be added before the files are counted.
_RECENT_BYTES = 64 * 2**20  # In memory, for parts of one example.


class Store:
    """Decoded images in a folder, at most some bytes of them.

    An entry is removed only if this process did not need it: with more images
    than fit, a part of them stays, where dropping the oldest would drop each
    one before its turn comes again.
    """

    def __init__(self, folder: Path, max_bytes: int):
        """Opens a store; its folder is made when the first entry is.

        Args:
          folder: Of the entries; several processes may share it.
          max_bytes: Of all entries together. 0 stores nothing.
        """
        self._folder, self._max_bytes = pathlib.Path(folder), max_bytes
        self._opened = time.time()
        self._lock = threading.Lock()
        self._size: int | None = None  # Bytes of all entries, when counted.
        self._added = 0  # Bytes since then.
        self._verified: set[str] = set()  # Checksums, once a process.
        self.num_decoded = 0

    def array(
        self, path: Path, what: str, decode: Callable[[Path], np.ndarray]
    ) -> np.ndarray:
        """Returns a decoded file from the store, or decodes and stores it.

        Args:
          path: The image file.
          what: What is decoded, such as "image".
          decode: Takes the path; returns [height, width] or [height, width,
            channels] uint8.

        Returns:
          What `decode` returns, read-only.

        Raises:
          FileNotFoundError: If there is no such file.
          ValueError: As `decode` raises it.
        """
        if not self._max_bytes:
            return self._decoded(path, decode)
        entry = self._entry(to_path(path).read_bytes(), what)
        found = _read(entry, is_verified=entry.name in self._verified)
        if found is None:
            found = self._decoded(path, decode)
            self._write(entry, found)
        else:
            self._verified.add(entry.name)
        return found

    def _decoded(self, path: Path, decode: Callable) -> np.ndarray:
        self.num_decoded += 1
        array = decode(path)
        array.flags.writeable = False
        return array

    def _entry(self, content: bytes, what: str) -> pathlib.Path:
        """The file of an entry; decoders differ between Pillow's versions."""
        digest = hashlib.sha256(content)
        digest.update(f"{what}, Pillow {PIL.__version__}".encode())
        name = digest.hexdigest()
        return self._folder / name[:2] / f"{name[2:]}{_SUFFIX}"

    def _write(self, entry: pathlib.Path, array: np.ndarray) -> None:
        """Stores an entry if there is room; a full disk is no error."""
        content = _encoded(array)
        if not self._has_room(len(content)):
            return
        temporary = entry.with_name(
            f".{entry.name}.{os.getpid()}.{threading.get_ident()}.tmp"
        )
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            os.replace(temporary, entry)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def _has_room(self, size: int) -> bool:
        """Whether an entry may be added; removes old ones if need be."""
        with self._lock:
            is_due = self._added > _RESCAN * self._max_bytes
            if self._size is None or is_due:
                self._size, self._added = self._remove_old(size), 0
            if self._size + self._added + size > self._max_bytes:
                return False
            self._added += size
            return True

    def _remove_old(self, size: int) -> int:
        """Makes room for new entries; returns the bytes of those that stay."""
        entries = sorted(self._entries())
        total = sum(each for _, each, _ in entries)
        wanted = self._max_bytes - max(size, int(_RESCAN * self._max_bytes))
        for used, each, path in entries:
            if total <= wanted or used >= self._opened:
                break
            pathlib.Path(path).unlink(missing_ok=True)
            total -= each
        return total

    def _entries(self) -> Iterator[tuple[float, int, str]]:
        """Yields time of the last use, bytes and path of each entry."""
        for folder in self._folder.glob("??"):
            with contextlib.suppress(OSError), os.scandir(folder) as files:
                for file in files:
                    if file.name.endswith(_SUFFIX):
                        with contextlib.suppress(OSError):
                            stat = file.stat()
                            yield stat.st_mtime, stat.st_size, file.path
                    else:
                        _remove_orphan(file.path)


def read_image(path: Path) -> np.ndarray:
    """Does pictures.read_image, through the store that is in use."""
    return _through("image", path, pictures.read_image)


def read_label_map(path: Path) -> np.ndarray:
    """Does pictures.read_label_map, through the store that is in use."""
    return _through("label map", path, pictures.read_label_map)


@contextlib.contextmanager
def use_store(folder: Path, max_bytes: int) -> Iterator[Store]:
    """Keeps what is decoded inside in a store, and the last of it in memory.

    Args:
      folder: As Store takes it.
      max_bytes: As Store takes it; with 0 only the memory is used.

    Yields:
      The store.
    """
    global _in_use
    before, store = _in_use, Store(folder, max_bytes)
    _in_use = (store, Recent(_RECENT_BYTES))
    try:
        yield store
    finally:
        _in_use = before


_in_use: tuple[Store, Recent] | None = None


def _through(
    what: str, path: Path, decode: Callable[[Path], np.ndarray]
) -> np.ndarray:
    if _in_use is None:
        return decode(path)
    store, recent = _in_use
    try:
        version = state(path)
    except OSError:
        return decode(path)  # Says what is wrong.
    key = what, str(path), *version
    return recent.get(key, lambda: store.array(path, what, decode))


def _encoded(array: np.ndarray) -> bytes:
    if array.dtype != np.uint8 or array.ndim not in (2, 3):
        raise ValueError(
            f"an entry is [height, width] or [height, width, channels] uint8, "
            f"found {array.shape} {array.dtype}"
        )
    shape = (*array.shape, 0)[:3]
    body = np.ascontiguousarray(array).tobytes()
    checksum = zlib.crc32(struct.pack("<III", *shape) + body)
    return _HEADER.pack(checksum, *shape) + body


def _read(entry: pathlib.Path, is_verified: bool) -> np.ndarray | None:
    """Returns an entry; None if there is none, or it is damaged.

    Checking the checksum takes half of the time.
    """
    try:
        content = entry.read_bytes()
    except OSError:
        return None
    if len(content) < _HEADER.size:
        return None
    checksum, height, width, channels = _HEADER.unpack_from(content)
    if len(content) != _HEADER.size + height * width * max(channels, 1):
        return None
    if not is_verified and zlib.crc32(memoryview(content)[4:]) != checksum:
        return None
    with contextlib.suppress(OSError):
        os.utime(entry)  # It was used.
    shape = (height, width, channels) if channels else (height, width)
    return np.frombuffer(content, np.uint8, offset=_HEADER.size).reshape(shape)


def _remove_orphan(path: str) -> None:
    """Removes a file that a killed process was writing."""
    name = os.path.basename(path)
    stem = name.removeprefix(".").partition(_SUFFIX)[0]
    remove_orphans(pathlib.Path(path).with_name(stem + _SUFFIX))
