"""A folder of a user's own photographs, with tags, masks, or neither."""

import pathlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_files,
    label_files,
    mask_folders,
    mask_tables,
    photograph_folders,
    schema,
)
from guided_segmentation.datasets.image_labels import joining, kinds
from guided_segmentation.errors import InputError

Path = artifacts.Path
MASKS = "masks"  # Image-level labels of the masks.
_TABLES = (mask_tables.COLOURS_FILE, mask_tables.VALUES_FILE)


def source(
    data_dir: Path,
    image_labels: str | None = None,
    *,
    untagged: str | None = "skip",
    label_set: labels.LabelSet | None = None,
    truth_dir: Path | None = None,
    without: Iterable[Path] = (),
) -> schema.Source:
    """Opens a folder of photographs and its sub-folders.

    Args:
      data_dir: Holds the photographs, with one of image_files.ENDINGS. Hidden
        files, other files and folders of results are not read;
        Source.passed_over names them.
      image_labels: One of image_labels.kinds.forms(), such as "csv:tags.csv",
        the path of a CSV, or "masks" for the objects of the masks. None if
        image-level labels are not needed.
      untagged: What to do with photographs that have no image-level labels,
        one of joining.UNTAGGED: leave them out ("skip"), take them for
        examples without objects ("background"), or raise ("error"). None
        uses all photographs; the labels then give the classes alone.
      label_set: The classes. By default those of class_names.txt in
        `data_dir`, or else of the table beside the masks, or else VOC's if
        every name in the image-level labels is one of them, or else these
        names in alphabetical order. Write class_names.txt so that a misspelt
        name is an error.
      truth_dir: Folder of masks, the truth, as mask_folders.find takes it. A
        table beside them says what their colours mean.
      without: Folders in `data_dir` that hold no photographs.

    Returns:
      The photographs in the order of their ids.

    Raises:
      FileNotFoundError: If a folder or the file of labels is missing.
      ValueError: If the photographs cannot be told apart
        (photograph_folders.find), none has image-level labels, or these name
        an object that is not in the label set.
    """
    photographs, passed_over = _photographs(
        data_dir, image_labels, truth_dir, without
    )
    table = mask_tables.find(truth_dir) if truth_dir is not None else None
    known = label_set or _known_label_set(data_dir, table)
    if image_labels in (None, MASKS):
        used = _Labels(tuple(photographs), None, known or labels.VOC, [])
    else:
        used = _of_tags(image_labels, tuple(photographs), known, untagged)
    masks = None
    if truth_dir is not None:
        files, alone = mask_folders.find(truth_dir, photographs)
        masks = mask_folders.Masks(files, photographs, used.label_set, table)
        passed_over += _without_photograph(alone, truth_dir)
    if image_labels == MASKS:
        used = _of_masks(masks, used, untagged)
    return schema.Source(
        name="folder",
        digest=image_files.digest({i: photographs[i] for i in used.image_ids}),
        image_ids=used.image_ids,
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        image_labels=used.read,
        label_map=masks.label_map if masks else None,
        label_set=used.label_set,
        photograph=photographs.__getitem__,
        label_map_file=masks.files.get if masks else None,
        has_labels_in_memory=image_labels != MASKS,
        passed_over=(*passed_over, *used.told),
    )


class _Labels(NamedTuple):
    """Image-level labels of the photographs that are used.

    Attributes:
      image_ids: Of these photographs.
      read: From image id to [num_objects] bool; None without labels.
      label_set: The classes.
      told: Texts that count what is left out.
    """

    image_ids: tuple[str, ...]
    read: Callable[[str], np.ndarray] | None
    label_set: labels.LabelSet
    told: list[str]


def _photographs(
    data_dir: Path,
    image_labels: str | None,
    truth_dir: Path | None,
    without: Iterable[Path],
) -> tuple[dict[str, pathlib.Path], list[str]]:
    """Finds the photographs, and says what else is in their folder."""
    left_out = [*without, *([] if truth_dir is None else [truth_dir])]
    found = photograph_folders.find(data_dir, left_out)
    photographs = found.photographs
    if truth_dir is not None and _is_same(truth_dir, data_dir):
        is_mask = mask_folders.beside(photographs)
        photographs = {
            image_id: path
            for image_id, path in photographs.items()
            if not is_mask(image_id)
        }
    return photographs, found.passed_over(Expected(data_dir, image_labels))


class Expected:
    """Names of files in a folder of photographs that need no mention."""

    def __init__(self, data_dir: Path, image_labels: str | None):
        self.names = {"class_names.txt"}
        kind, path = "", ""
        if image_labels not in (None, MASKS):
            kind, path = kinds.split(image_labels)
        self.ending = {"labelme": ".json", "voc": ".xml"}.get(kind, "\0")
        name = artifacts.name_below(path, data_dir) if path else None
        if name is not None:
            self.names.add(name)

    def __contains__(self, name: object) -> bool:
        is_table = str(name).rpartition("/")[2] in _TABLES
        is_named = name in self.names or str(name).endswith(self.ending)
        return is_table or is_named


def _known_label_set(
    data_dir: Path, table: mask_tables.Table | None
) -> labels.LabelSet | None:
    """The classes that a file beside photographs or masks lists."""
    label_set = label_files.read_label_set(data_dir)
    if label_set is None and table is not None:
        return label_files.label_set_of(table.objects, table.path)
    return label_set


def _of_tags(
    image_labels: str,
    image_ids: tuple[str, ...],
    label_set: labels.LabelSet | None,
    untagged: str | None,
) -> _Labels:
    tags = joining.read(image_labels, image_ids, label_set)
    if label_set is None:
        is_voc = set(tags.objects) <= set(labels.VOC.objects)
        label_set = (
            labels.VOC
            if is_voc
            else label_files.label_set_of(tags.objects, tags.where)
        )
    if untagged is None:
        return _Labels(image_ids, None, label_set, [])
    used, told = joining.select(tags, image_ids, untagged)
    read = joining.reader(tags, used, label_set)
    return _Labels(used, read, label_set, told)


def _of_masks(
    masks: mask_folders.Masks | None, given: _Labels, untagged: str | None
) -> _Labels:
    """Labels of the photographs that have a mask."""
    if masks is None:
        raise InputError(
            f"image_labels: wanted one of {', '.join(kinds.forms())}, or "
            f"{MASKS!r} with the folder of masks; found {MASKS!r} alone"
        )
    used = tuple(i for i in given.image_ids if i in masks.files)
    missing = [i for i in given.image_ids if i not in masks.files]
    text = f"{len(missing)} ({image_files.listed(missing)})"
    if not used or (missing and untagged == "error"):
        raise InputError(
            f"wanted a mask of each photograph, named like it, found none of "
            f"{text}; add them"
        )

    def read(image_id: str) -> np.ndarray:
        num_objects = masks.label_set.num_objects
        return labels.present(masks.label_map(image_id), num_objects)

    told = [f"photographs without mask: {text}"] if missing else []
    return given._replace(image_ids=used, read=read, told=told)


def _without_photograph(names: list[str], truth_dir: Path) -> list[str]:
    if not names:
        return []
    return [
        f"masks of {truth_dir} without photograph: {len(names)} "
        f"({image_files.listed(names)})"
    ]


def _is_same(first: Path, second: Path) -> bool:
    return artifacts.name_below(first, second) == "."
