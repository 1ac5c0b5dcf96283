"""The files between stages, and the only place that knows their formats.

Label maps and seeds are palette PNGs, saliency maps 8-bit PNGs, score maps and
areas compressed npz, everything else JSON. Every write is atomic: a killed run
leaves either the whole file or none.
"""

import contextlib
import io
import json
import os
import pathlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from guided_segmentation import labels

Path = str | os.PathLike
AREAS = ("intersection", "union", "ignored")  # What IoU is made of.


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[pathlib.Path]:
    """Gives a temporary path beside `path` that replaces it on success.

    Args:
      path: The file to write; its folder is made if need be.

    Yields:
      The path to write to. On any error it is removed and `path` stays as
      it was.

    Raises:
      OSError: If the disk is full and the like; it names `path`.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        is_bare = isinstance(error, OSError) and error.filename is None
        if is_bare and error.errno is not None:
            error.filename = os.fspath(path)
        raise


def remove_orphans(path: Path) -> None:
    """Removes what killed processes left of `replacing` the file `path`."""
    path = pathlib.Path(path)
    for orphan in path.parent.glob(f".{path.name}.*.tmp"):
        if not _is_alive(int(orphan.name.split(".")[-2])):
            orphan.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[pathlib.Path]:
    """Gives a folder that replaces `path`, old content and all, on success.

    Args:
      path: The folder to write.

    Yields:
      An empty folder beside it. On any error it is removed, and `path` stays
      as it was; what a killed run left there is removed first.
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


def missing(
    image_ids: Iterable[str], folder: Path, suffix: str = ".png"
) -> list[str]:
    """Returns the ids whose file is not in `folder` yet."""
    folder = pathlib.Path(folder)
    return [i for i in image_ids if not (folder / f"{i}{suffix}").exists()]


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as readable JSON."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: wanted JSON, found {error}") from error


def read_text(path: Path) -> str:
    """Returns the content of a text file, without a byte order mark.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not UTF-8.
    """
    try:
        return _existing(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: wanted UTF-8 text, found {error}") from error


def read_image(path: Path) -> np.ndarray:
    """Reads a photograph: JPEG, PNG and whatever else Pillow reads.

    Greyscale (8 or 16 bits), palette, RGBA and CMYK photographs are
    converted; an alpha channel is dropped.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, or a truncated one.
    """
    with _opened(path) as image:
        image.load()
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return np.asarray(image.convert("RGB"))


def read_size(path: Path) -> tuple[int, int]:
    """Reads the height and width of an image from its header alone.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image.
    """
    with _opened(path) as image:
        return image.height, image.width


def read_label_map(path: Path) -> np.ndarray:
    """Reads class indices from a palette or one-channel 8-bit PNG.

    Returns:
      [height, width] uint8 class indices, 255 where ignored.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, a truncated one, or one of colours.
    """
    wanted = "a label map (palette or 8-bit index PNG)"
    return _read_one_channel(path, ("P", "L"), wanted)


def encode_label_map(label_map: np.ndarray) -> bytes:
    """Returns the palette PNG of a [height, width] uint8 label map."""
    image = Image.fromarray(np.ascontiguousarray(label_map, np.uint8))
    image.putpalette(labels.palette().tobytes())
    return _png(image)


def decode_label_map(content: bytes) -> np.ndarray:
    """Returns the [height, width] uint8 label map of `encode_label_map`."""
    return np.asarray(Image.open(io.BytesIO(content)))


def write_label_map(path: Path, label_map: np.ndarray) -> None:
    """Writes a [height, width] uint8 label map as a palette PNG."""
    write_bytes(path, encode_label_map(label_map))


def read_saliency_map(path: Path) -> np.ndarray:
    """Reads a saliency map from an 8-bit PNG.

    Returns:
      [height, width] float32 in [0, 1].

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not an image, a truncated one, or not grey.
    """
    wanted = "a saliency map (8-bit grey PNG)"
    levels = _read_one_channel(path, ("L",), wanted)
    return levels.astype(np.float32) / 255


def write_saliency_map(path: Path, saliency_map: np.ndarray) -> None:
    """Writes a [height, width] float map in [0, 1] as an 8-bit PNG."""
    write_bytes(path, _png(Image.fromarray(saliency_levels(saliency_map))))


def saliency_levels(saliency_map: np.ndarray) -> np.ndarray:
    """Returns a [height, width] float map in [0, 1] as files have it, uint8."""
    return np.rint(np.clip(saliency_map, 0, 1) * 255).astype(np.uint8)


def write_image(path: Path, image: np.ndarray) -> None:
    """Writes a [height, width, 3] uint8 RGB image as a PNG."""
    write_bytes(path, encode_image(image))


def encode_image(image: np.ndarray) -> bytes:
    """Returns the PNG of a [height, width, 3] uint8 RGB image."""
    return _png(Image.fromarray(image))


def write_score_maps(
    path: Path, score_maps: np.ndarray, classes: np.ndarray
) -> None:
    """Writes the score maps of the objects present in one image.

    Args:
      path: The npz file.
      score_maps: [height, width, present objects] float.
      classes: [present objects] class indices, ascending.
    """
    _write_npz(
        path,
        score_maps=score_maps.astype(np.float16),
        classes=classes.astype(np.uint8),
    )


def read_score_maps(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads what `write_score_maps` wrote.

    Returns:
      [height, width, present objects] float16 score maps and their
      [present objects] uint8 class indices.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not such a file.
    """
    names = ("score_maps", "classes")
    found = _read_npz(path, names, "score maps", "run bin/make_seeds again")
    return found["score_maps"], found["classes"]


def write_areas(
    path: Path, image_ids: Sequence[str], areas: Mapping[str, np.ndarray]
) -> None:
    """Writes the areas by class that an evaluation found in each image.

    Args:
      path: The npz file.
      image_ids: Names of the images.
      areas: By AREAS, [images, num_classes] pixels.
    """
    _write_npz(path, image_ids=np.array(image_ids, str), **areas)


def read_areas(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Reads what `write_areas` wrote.

    Returns:
      The names of the images and, by AREAS, [images, num_classes] int64.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not such a file.
    """
    names = ("image_ids", *AREAS)
    found = _read_npz(path, names, "areas of images", "evaluate again")
    return found.pop("image_ids").tolist(), found


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # Asks, and does nothing.
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It is another user's.
    return True


def _existing(path: Path) -> pathlib.Path:
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    return path


def _write_npz(path: Path, **arrays: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def _read_npz(
    path: Path, names: Sequence[str], wanted: str, remedy: str
) -> dict[str, np.ndarray]:
    content = io.BytesIO(_existing(path).read_bytes())
    try:
        with np.load(content) as arrays:
            return {name: arrays[name] for name in names}
    except Exception as error:  # Damage makes NumPy raise errors of any kind.
        raise ValueError(
            f"{path}: wanted {wanted} (npz), found {error}; delete it and "
            f"{remedy}"
        ) from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    file = _existing(path)
    try:
        with Image.open(file) as image:
            yield image
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{path}: wanted an image, found a file that is none; replace it"
        ) from error
    except Exception as error:  # Damage makes Pillow raise errors of any kind.
        raise ValueError(
            f"{path}: unreadable image ({error}); replace the file"
        ) from error


def _read_one_channel(
    path: Path, modes: tuple[str, ...], wanted: str
) -> np.ndarray:
    with _opened(path) as image:
        image.load()
        mode, array = image.mode, np.asarray(image)
    if mode not in modes:
        raise ValueError(
            f"{path}: wanted {wanted}, found mode {mode}; convert it first"
        )
    return array


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
