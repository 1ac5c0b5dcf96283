"""MSRA: photographs of one salient object, with boxes of several annotators.

Source: Liu et al., "Learning to Detect a Salient Object", CVPR 2007.
"""

import dataclasses
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import (
    image_checks,
    image_files,
    image_lists,
    schema,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """The entry of one photograph in UserData.

    Attributes:
      image_id: Name of the photograph without its ending.
      photograph: Its file.
      size: Its height and width.
      boxes: The line of boxes: "left top right bottom; " for each annotator.
      where: File and line number of the boxes, for messages.
    """

    image_id: str
    photograph: pathlib.Path
    size: tuple[int, int]
    boxes: str
    where: str


def source(
    data_dir: Path,
    exclude_ids: Path | None = None,
    only_ids: Path | None = None,
) -> schema.Source:
    """Opens a folder of photographs in MSRA's format.

    Args:
      data_dir: Holds Image/<digit>/*.jpg and UserData/*.txt. It may hold the
        truth as masks/<image_id>.png, as artifacts.read_mask reads them; it
        is for evaluation, not for training.
      exclude_ids: List of images to leave out, as `image_lists.read_ids`
        takes it.
      only_ids: List of images to keep; all others are left out.

    Returns:
      The photographs in the order of the files. Boxes are clipped to the
      image; label maps hold 0 and 1.

    Raises:
      FileNotFoundError: If a folder, a list or a photograph is missing.
      ValueError: If UserData has another format, a box contains no pixel of
        its image, a list names an unknown image, or no image is left. Boxes
        of images left out are not checked.
    """
    root = pathlib.Path(data_dir)
    entries = _chosen(read_entries(root), exclude_ids, only_ids, root)
    photographs = {name: entries[name].photograph for name in entries}
    image_checks.require_existing(photographs, root / "UserData")
    boxes = {name: parse_boxes(entries[name]) for name in entries}

    def sized_boxes(image_id: str) -> np.ndarray:
        _require_listed_size(entries[image_id])
        return boxes[image_id]

    def label_map(image_id: str) -> np.ndarray:
        path = root / "masks" / f"{image_id}.png"
        truth = artifacts.read_mask(path)
        image_checks.require_size(truth, path, photographs[image_id], image_id)
        return truth.astype(np.uint8)

    return schema.Source(
        name=_name(exclude_ids, only_ids),
        digest=image_files.digest(photographs),
        image_ids=tuple(entries),
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        label_map=label_map if (root / "masks").is_dir() else None,
        boxes=sized_boxes,
        photograph=photographs.__getitem__,
    )


def read_entries(data_dir: Path) -> list[Entry]:
    """Reads every file of UserData.

    A file starts with the number of its entries. An entry is three lines: the
    path of the photograph below Image, "width height", and the boxes. Empty
    lines are ignored.

    Args:
      data_dir: The folder that holds UserData.

    Returns:
      The entries in the order of the files.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If one has another format, or an image is listed twice.
    """
    files = sorted(pathlib.Path(data_dir, "UserData").glob("*.txt"))
    if not files:
        raise FileNotFoundError(
            f"no UserData/*.txt in {data_dir}; set data_dir to the folder of "
            f"Image and UserData"
        )
    entries = [entry for file in files for entry in _entries(file)]
    image_ids = (entry.image_id for entry in entries)
    image_checks.require_different(
        image_ids, pathlib.Path(data_dir, "UserData")
    )
    return entries


def parse_boxes(entry: Entry) -> np.ndarray:
    """Reads the boxes of an entry and clips them to the image.

    Args:
      entry: The entry of one photograph.

    Returns:
      [annotators, 4] int32 (row_min, column_min, row_max, column_max),
      half-open, in pixels: right and bottom are the first column and row
      outside.

    Raises:
      ValueError: If there is no box, or a box is not four whole numbers or
        contains no pixel of the image.
    """
    texts = [text for text in entry.boxes.split(";") if text.strip()]
    if not texts:
        raise InputError(f"{entry.where}: wanted one box or more, found none")
    boxes = [_box(text, entry) for text in texts]
    return np.array(boxes, np.int32)


def _box(text: str, entry: Entry) -> tuple[int, int, int, int]:
    height, width = entry.size
    numbers = _integers(text, "left top right bottom", entry.where)
    left, top, right, bottom = numbers
    rows = max(top, 0), min(bottom, height)
    columns = max(left, 0), min(right, width)
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        raise InputError(
            f"{entry.where}: the box {text.strip()!r} (left top right bottom) "
            f"contains no pixel of image {entry.image_id!r}, {width} wide and "
            f"{height} high; correct it or exclude the image"
        )
    return rows[0], columns[0], rows[1], columns[1]


def _entries(file: pathlib.Path) -> Iterator[Entry]:
    lines = enumerate(artifacts.read_text(file).split("\n"), start=1)
    filled = [(number, line.strip()) for number, line in lines if line.strip()]
    if not filled:
        raise InputError(f"{file}: wanted the number of entries, found nothing")
    (first, text), *rest = filled
    (count,) = _integers(text, "number_of_entries", f"{file}, line {first}")
    for start in range(0, len(rest) - 2, 3):
        yield _entry(file, rest[start : start + 3])
    if len(rest) != 3 * count:
        raise InputError(
            f"{file}: wanted {count} entries of three lines, found "
            f"{len(rest)} lines; the file is truncated, or its first line is "
            f"wrong"
        )


def _entry(file: pathlib.Path, lines: list[tuple[int, str]]) -> Entry:
    (_, photograph), (size_line, size), (boxes_line, boxes) = lines
    path = pathlib.PureWindowsPath(photograph)
    width, height = _integers(size, "width height", f"{file}, line {size_line}")
    return Entry(
        image_id=image_files.image_id(path.name),
        photograph=file.parent.parent.joinpath("Image", *path.parts),
        size=(height, width),
        boxes=boxes,
        where=f"{file}, line {boxes_line}",
    )


def _integers(text: str, wanted: str, where: str) -> list[int]:
    words = text.split()
    whole = all(word.removeprefix("-").isdecimal() for word in words)
    if not whole or len(words) != len(wanted.split()):
        raise InputError(
            f"{where}: wanted {wanted!r} as whole numbers, found "
            f"{text.strip()!r}"
        )
    return [int(word) for word in words]


def _chosen(
    entries: list[Entry],
    exclude_ids: Path | None,
    only_ids: Path | None,
    data_dir: pathlib.Path,
) -> dict[str, Entry]:
    chosen = {entry.image_id: entry for entry in entries}
    excluded = _listed(exclude_ids, chosen) if exclude_ids else set()
    kept = _listed(only_ids, chosen) if only_ids else set(chosen)
    chosen = {i: chosen[i] for i in chosen if i in kept and i not in excluded}
    if not chosen:
        raise InputError(
            f"{data_dir}: exclude_ids {exclude_ids} and only_ids {only_ids} "
            f"leave none of {len(entries)} images; change the lists"
        )
    return chosen


def _listed(path: Path, known: Iterable[str]) -> set[str]:
    image_ids = image_lists.read_ids(path)
    unknown = [image_id for image_id in image_ids if image_id not in known]
    if unknown:
        raise InputError(
            f"{path}: {len(unknown)} of {len(image_ids)} ids are not in the "
            f"data, the first is {unknown[0]!r}; correct the list"
        )
    return set(image_ids)


def _require_listed_size(entry: Entry) -> None:
    size = artifacts.read_size(entry.photograph)
    if size != entry.size:
        raise InputError(
            f"{entry.where}: the boxes of image {entry.image_id!r} are for "
            f"height and width {entry.size}, but {entry.photograph} has "
            f"{size}; replace the photograph or exclude the image"
        )


def _name(exclude_ids: Path | None, only_ids: Path | None) -> str:
    name = "msra"
    if only_ids:
        name += f"/only_{pathlib.Path(only_ids).stem}"
    if exclude_ids:
        name += f"/without_{pathlib.Path(exclude_ids).stem}"
    return name
