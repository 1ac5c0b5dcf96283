"""Joins photographs with image-level labels of any format."""

import dataclasses
from collections.abc import Callable, Collection, Sequence

import numpy as np

from guided_segmentation import labels
from guided_segmentation.datasets import image_files, label_files
from guided_segmentation.datasets.image_labels import kinds
from guided_segmentation.errors import InputError

# What to do with photographs that no image-level labels name.
UNTAGGED = ("skip", "background", "error")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tags:
    """Names of the objects in each photograph.

    Attributes:
      where: The file or folder that they come from, for messages.
      names: By image id, in the order of the file; without those of the
        background.
      unknown: What the file calls images that have no photograph.
      objects: All names in the file, also of such images, sorted.
    """

    where: str
    names: dict[str, list[str]]
    unknown: tuple[str, ...]
    objects: tuple[str, ...]


def read(
    image_labels: str,
    image_ids: Sequence[str],
    label_set: labels.LabelSet | None = None,
) -> Tags:
    """Reads image-level labels and finds the photographs they name.

    Args:
      image_labels: One of kinds.forms(), such as "csv:tags.csv".
      image_ids: Ids of the photographs.
      label_set: The classes, if they are known: in a CSV, their names may be
        of several words without quotes. If not, a name that is quoted once
        is known everywhere.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it has another format, or names photographs in several
        folders at once.
    """
    kind, argument = kinds.split(image_labels)
    known: Collection[str] = label_set.objects if label_set else ()
    tags = _joined(kind, argument, image_ids, known)
    if kind == "csv" and label_set is None:
        return _joined(kind, argument, image_ids, tags.objects)
    return tags


def select(
    tags: Tags, image_ids: Sequence[str], untagged: str
) -> tuple[tuple[str, ...], list[str]]:
    """Decides which photographs are used.

    Args:
      tags: Of `read`.
      image_ids: Ids of the photographs.
      untagged: One of UNTAGGED: photographs that no label names are left out,
        taken for examples without objects, or an error.

    Returns:
      The ids of the photographs that are used; and texts that count
      photographs without tags and tags without photograph.

    Raises:
      ValueError: If no photograph has tags, or one has none and `untagged` is
        "error".
    """
    missing = [each for each in image_ids if each not in tags.names]
    _require_some(tags, image_ids, missing, untagged)
    told = []
    if missing:
        what = "photographs without tags"
        what += ", taken for background" if untagged == "background" else ""
        told.append(f"{what}: {_counted(missing)}")
    if tags.unknown:
        told.append(
            f"images of {tags.where} without photograph: "
            f"{_counted(tags.unknown)}"
        )
    if untagged == "skip":
        return tuple(each for each in image_ids if each in tags.names), told
    return tuple(image_ids), told


def reader(
    tags: Tags, image_ids: Sequence[str], label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    """Returns a function from image id to [num_objects] bool.

    Args:
      tags: Of `read`.
      image_ids: The images that need labels; one without tags has no objects.
      label_set: The objects that may be named.

    Raises:
      ValueError: If a name is not in the label set.
    """
    rows = {
        each: label_files.named_labels(
            tags.names.get(each, []), label_set, tags.where, each
        )
        for each in image_ids
    }
    return lambda image_id: rows[image_id].copy()


def _joined(
    kind: str, argument: str, image_ids: Sequence[str], known: Collection[str]
) -> Tags:
    where = argument or "the folders' names"
    match = image_files.matcher(image_ids)
    names: dict[str, dict[str, None]] = {}
    unknown: dict[str, None] = {}
    all_objects: set[str] = set()
    for text, found in kinds.KINDS[kind].read(argument, image_ids, known):
        try:
            image_id = match(text)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        composed = map(image_files.composed, found)
        objects = [n for n in composed if not label_files.is_no_object(n)]
        all_objects.update(objects)
        if image_id is None:
            unknown[text] = None
        else:
            names.setdefault(image_id, {}).update(dict.fromkeys(objects))
    return Tags(
        where=where,
        names={each: list(found) for each, found in names.items()},
        unknown=tuple(unknown),
        objects=tuple(sorted(all_objects)),
    )


def _require_some(
    tags: Tags, image_ids: Sequence[str], missing: list[str], untagged: str
) -> None:
    """Checks that photographs have tags, as far as they must."""
    if len(missing) == len(image_ids):
        names = _counted(tags.unknown) if tags.unknown else "none"
        raise InputError(
            f"{tags.where}: wanted tags of {len(image_ids)} photographs, such "
            f"as {image_ids[0]!r}, found none of them; it names other images: "
            f"{names}"
        )
    if missing and untagged == "error":
        raise InputError(
            f"{tags.where}: {len(missing)} of {len(image_ids)} images have no "
            f"line, the first is {missing[0]!r}; add them, without names if "
            f"there is no object in the image, or give --untagged=skip"
        )


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} ({image_files.listed(names)})"
