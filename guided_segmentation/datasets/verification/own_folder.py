"""Lists a folder of a user's own photographs for a verification."""

import pathlib
from collections.abc import Iterable, Iterator

from guided_segmentation import artifacts
from guided_segmentation.datasets import (
    folder,
    image_files,
    mask_folders,
    photograph_folders,
)
from guided_segmentation.datasets.verification import layouts
from guided_segmentation.errors import InputError

Path = artifacts.Path
# Names of folders that hold the splits of a data set.
SPLITS = ("train", "training", "val", "valid", "validation", "dev", "test")
_LOSSY = (".jpg", ".jpeg", ".jfif", ".webp")


def layout(
    data_dir: Path,
    image_labels: str | None = None,
    *,
    truth_dir: Path | None = None,
    without: Iterable[Path] = (),
) -> layouts.Layout:
    """Lists a folder of photographs as folder.source opens it.

    Args:
      data_dir: Folder of the photographs. Its sub-folders named as in SPLITS
        are splits; otherwise all photographs are one.
      image_labels: As of folder.source; "masks" or None for none.
      truth_dir: As of folder.source.
      without: As of folder.source.

    Raises:
      FileNotFoundError: If a folder is missing.
      ValueError: If there is no photograph.
    """
    left_out = [*without, *([] if truth_dir is None else [truth_dir])]
    found = photograph_folders.search(data_dir, left_out)
    photographs = {
        image_id: path
        for image_id, path in found.photographs.items()
        if image_files.is_utf8(image_id)
    }
    if truth_dir is not None:
        is_mask = mask_folders.beside(photographs)
        photographs = {i: p for i, p in photographs.items() if not is_mask(i)}
    if not photographs:
        raise InputError(
            f"{data_dir}: wanted photographs ("
            f"{', '.join(image_files.ENDINGS)}), found none"
        )
    listed = layouts.Layout(
        name="folder", photographs=photographs, splits=_splits(photographs)
    )
    _check_names(listed, found)
    expected = folder.Expected(data_dir, image_labels)
    others = [name for name in found.others if name not in expected]
    listed.add("passed_over", others)
    listed.add("passed_over", (f"{each}/" for each in found.results))
    listed.add(
        "misplaced", (f"{n}: links to no file" for n in found.broken_links)
    )
    if truth_dir is not None:
        layouts.read_table(listed, truth_dir)
        _find_masks(listed, truth_dir)
    layouts.read_classes(listed, data_dir)
    if image_labels not in (None, folder.MASKS):
        layouts.read_tags(listed, image_labels)
    return listed


def _splits(image_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for image_id in image_ids:
        first = image_id.split("/")[0]
        is_split = "/" in image_id and first.casefold() in SPLITS
        found.setdefault(first if is_split else "all", []).append(image_id)
    return {split: tuple(ids) for split, ids in found.items()}


def _check_names(
    listed: layouts.Layout, found: photograph_folders.Folder
) -> None:
    wrong = [n for n in found.names if not image_files.is_utf8(n)]
    listed.add(
        "file_names",
        (f"{image_files.shown_bytes(n)}: not in UTF-8" for n in wrong),
    )
    names = [n for n in found.names if image_files.is_utf8(n)]
    clashes = photograph_folders.clashes(names)
    listed.add("file_names", (f"{a} and {b} {why}" for a, b, why in clashes))
    listed.add("case_twins", _case_twins(listed.photographs))


def _case_twins(image_ids: Iterable[str]) -> Iterator[str]:
    first: dict[str, str] = {}
    for image_id in image_ids:
        key = image_id.casefold()
        if key in first:
            yield f"{first[key]} and {image_id}"
        first.setdefault(key, image_id)


def _find_masks(listed: layouts.Layout, truth_dir: Path) -> None:
    try:
        masks, alone = mask_folders.find(truth_dir, listed.photographs)
    except InputError as error:
        listed.add("file_names", [str(error)])
        return
    listed.masks = masks
    listed.add("misplaced", (f"{truth_dir}: {n}: no photograph" for n in alone))
    photographs = set(map(str, listed.photographs.values()))
    for path in sorted(pathlib.Path(truth_dir).rglob("*")):
        if path.suffix.lower() in _LOSSY and str(path) not in photographs:
            listed.add("mask_lossy", [str(path)])
