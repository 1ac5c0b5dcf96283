"""VOC's ImageSets/Main: image-level labels of all photographs, without masks.

Source: the PASCAL VOC 2012 development kit, section 8.1.1. Main lists 5,823
photographs in val, of which 1,449 have masks.
"""

import pathlib
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_checks,
    image_files,
    label_files,
    pascal_voc,
    schema,
    voc_photographs,
)
from guided_segmentation.errors import InputError

PRESENT, ABSENT, DIFFICULT = 1, -1, 0


def source(
    data_dir: artifacts.Path,
    split: str,
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a split of ImageSets/Main.

    Args:
      data_dir: As `pascal_voc.source` takes it.
      split: Name of lists `<object>_<split>.txt` in ImageSets/Main, whose
        lines are an image id and 1, -1, or 0 where all are difficult.
      label_set: As `pascal_voc.source` takes it.

    Returns:
      The split, without label maps. An image has a label where its flag is 1,
      and is difficult where it is 0.

    Raises:
      FileNotFoundError: If a folder, a list or a photograph is missing.
      ValueError: If a line has another form, the lists differ in images, or
        one image has two photographs.
    """
    root = pascal_voc.find_root(data_dir)
    label_set = label_set or label_files.read_label_set(root) or labels.VOC
    paths = _paths(root, split, label_set)
    columns = [_read_flags(path) for path in paths]
    for path, column in zip(paths, columns, strict=True):
        _require_same_images(columns[0], column, paths[0], path)
    image_ids = tuple(columns[0])
    flags = np.array([list(map(c.get, image_ids)) for c in columns]).T
    rows = dict(zip(image_ids, flags, strict=True))
    photographs = voc_photographs.find(root, image_ids, paths[0])

    def is_flagged(flag: int) -> Callable[[str], np.ndarray]:
        return lambda image_id: rows[image_id] == flag

    return schema.Source(
        name=f"pascal_voc/Main/{split}",
        digest=image_files.digest(photographs),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        image_labels=is_flagged(PRESENT),
        difficult=is_flagged(DIFFICULT),
        label_set=label_set,
        photograph=photographs.__getitem__,
    )


def _paths(
    root: pathlib.Path, split: str, label_set: labels.LabelSet
) -> list[pathlib.Path]:
    """The list of each object, all of which exist."""
    folder = root / "ImageSets" / "Main"
    paths = [folder / f"{name}_{split}.txt" for name in label_set.objects]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{folder}: wanted a list <object>_{split}.txt of each of "
            f"{len(paths)} objects, found none of {', '.join(missing)}; the "
            f"lists are part of VOC's archive"
        )
    return paths


def _read_flags(path: pathlib.Path) -> dict[str, int]:
    """The flag of each image, by id."""
    lines = list(map(str.split, artifacts.read_text(path).splitlines()))
    for number, words in enumerate(lines, start=1):
        if words and (len(words) != 2 or words[1] not in ("1", "-1", "0")):
            raise InputError(
                f"{path}: wanted lines of an image id and 1, -1 or 0, found "
                f"{' '.join(words)!r} in line {number}"
            )
    words = [each for each in lines if each]
    image_checks.require_different((name for name, _ in words), path)
    return {name: int(flag) for name, flag in words}


def _require_same_images(
    wanted: dict, found: dict, wanted_path: pathlib.Path, path: pathlib.Path
) -> None:
    differing = sorted(wanted.keys() ^ found.keys())
    if differing:
        raise InputError(
            f"{path}: wanted the images of {wanted_path.name}, found "
            f"{len(differing)} in one of the two alone, the first is "
            f"{differing[0]!r}; take both from one archive"
        )
