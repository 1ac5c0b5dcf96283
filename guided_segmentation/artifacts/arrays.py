"""Score maps, probabilities and areas of images, as compressed npz files."""

import contextlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from guided_segmentation.artifacts.atomic import (
    Path,
    replacing,
    write_bytes,
)
from guided_segmentation.artifacts.files import existing
from guided_segmentation.errors import InputError

AREAS = ("intersection", "union", "ignored")  # IoU is computed from these.


def write_score_maps(
    path: Path, score_maps: np.ndarray, classes: np.ndarray
) -> None:
    """Writes the score maps of the objects present in one image.

    Args:
      path: The npz file.
      score_maps: [height, width, present objects] float, unbounded; stored
        as float16.
      classes: [present objects] integer class indices, ascending.
    """
    _write_npz(
        path,
        score_maps=score_maps.astype(np.float16),
        classes=classes.astype(np.uint8),
    )


def read_score_maps(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads a file of `write_score_maps`.

    Returns:
      [height, width, present objects] float16 score maps, unbounded, and
      their [present objects] uint8 class indices.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is damaged or holds other arrays.
    """
    names = ("score_maps", "classes")
    found = _read_npz(path, names, "score maps", "run bin/make_seeds again")
    return found["score_maps"], found["classes"]


@contextlib.contextmanager
def probabilities_writer(
    path: Path, shape: tuple[int, int, int], classes: Sequence[str]
) -> Iterator[Callable[[np.ndarray], None]]:
    """Writes the class probabilities of one image strip by strip.

    They are stored as float16, so that a strip is all that memory holds.

    Args:
      path: The npz file.
      shape: Height, width and number of classes.
      classes: Names of the classes by class index.

    Yields:
      A function that takes the next [some rows, width, num_classes] strip,
      from the top to the bottom.

    Raises:
      ValueError: If the strips have another number of rows than `shape`.
    """
    header = {"descr": "<f2", "fortran_order": False, "shape": shape}
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(
            temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as archive,
    ):
        with archive.open("classes.npy", "w") as member:
            np.lib.format.write_array(member, np.array(classes, str))
        with archive.open("probabilities.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            rows = 0

            def write(strip: np.ndarray) -> None:
                nonlocal rows
                rows += len(strip)
                member.write(strip.astype("<f2").tobytes())

            yield write
        if rows != shape[0]:
            raise ValueError(
                f"{path}: wanted {shape[0]} rows of probabilities, got {rows}"
            )


def read_probabilities(path: Path) -> tuple[np.ndarray, list[str]]:
    """Reads a file of `probabilities_writer`.

    Returns:
      [height, width, num_classes] float16 in [0, 1], and the names of the
      classes by class index.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is damaged or holds other arrays.
    """
    names = ("probabilities", "classes")
    remedy = "run bin/segment_images again"
    found = _read_npz(path, names, "probabilities", remedy)
    return found["probabilities"], found["classes"].tolist()


def write_areas(
    path: Path, image_ids: Sequence[str], areas: Mapping[str, np.ndarray]
) -> None:
    """Writes the areas of each class in each image of an evaluation.

    Args:
      path: The npz file.
      image_ids: Ids of the images.
      areas: For each name in AREAS, [images, num_classes] integer pixels.
    """
    _write_npz(path, image_ids=np.array(image_ids, str), **areas)


def read_areas(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Reads a file of `write_areas`.

    Returns:
      The ids of the images and, for each name in AREAS, [images, num_classes]
      int64 pixels.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is damaged or holds other arrays.
    """
    names = ("image_ids", *AREAS)
    found = _read_npz(path, names, "areas of images", "evaluate again")
    return found.pop("image_ids").tolist(), found


def _write_npz(path: Path, **arrays: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def _read_npz(
    path: Path, names: Sequence[str], wanted: str, remedy: str
) -> dict[str, np.ndarray]:
    content = io.BytesIO(existing(path).read_bytes())
    try:
        with np.load(content) as arrays:
            return {name: arrays[name] for name in names}
    except Exception as error:  # Damaged files raise errors of many types.
        raise InputError(
            f"{path}: wanted {wanted} (npz), found {error}; delete it and "
            f"{remedy}"
        ) from error
