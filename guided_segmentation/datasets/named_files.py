"""Photographs that a command line names: files, folders and patterns."""

import glob
import os
import pathlib
from collections.abc import Collection, Iterable, Iterator, Sequence

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files, label_files, schema
from guided_segmentation.errors import InputError


def source(
    names: Sequence[str], excluded: Collection[artifacts.Path] = ()
) -> schema.Source:
    """Opens the photographs that some names mean.

    The image id of a photograph is its path without the ending, relative to
    the folder that all names have in common: a/1 and b/1 for "photos/a" and
    "photos/b/1.jpg", 1 for "photos/a" alone.

    Args:
      names: Each a file, a folder, which is searched with its sub-folders, or
        a pattern such as `photos/*.jpg`. Of a folder, hidden files and
        files without one of image_files.ENDINGS are passed over.
      excluded: Folders that are not searched, such as those of the output.

    Returns:
      The photographs in the order of their ids. The classes are those of
      class_names.txt in the common folder, else VOC's.

    Raises:
      FileNotFoundError: If a name means nothing.
      ValueError: If a folder holds no photograph, or two photographs have the
        same id.
    """
    skipped = {os.path.abspath(each) for each in excluded}
    found = [pair for name in names for pair in _meant(name, skipped)]
    root = os.path.commonpath([folder for folder, _ in found])
    photographs = _by_id(root, sorted({path for _, path in found}))
    return schema.Source(
        name=root,
        digest=image_files.digest(photographs),
        image_ids=tuple(sorted(photographs)),
        image=lambda image_id: artifacts.read_image(photographs[image_id]),
        label_set=label_files.read_label_set(root) or labels.VOC,
        photograph=photographs.__getitem__,
    )


def sizes(source: schema.Source) -> dict[str, str]:
    """Returns the size in bytes of each photograph's file, by image id.

    Args:
      source: As `source` returns it.
    """
    return {
        image_id: str(source.photograph(image_id).stat().st_size)
        for image_id in source.image_ids
    }


def _meant(name: str, skipped: Collection[str]) -> list[tuple[str, str]]:
    """Returns the absolute folder to which ids relate, and each file."""
    path = os.path.abspath(name)
    if os.path.isdir(path):
        found = [(path, file) for file in _below(path, skipped)]
        if not found:
            raise InputError(
                f"{name}: wanted photographs "
                f"({', '.join(image_files.ENDINGS)}), found none"
            )
        return found
    if os.path.isfile(path):
        return [(os.path.dirname(path), path)]
    matches = sorted(glob.glob(name, recursive=True))
    if not matches:
        raise FileNotFoundError(
            f"{name}: wanted a photograph, a folder or a pattern of names, "
            f"found no such file"
        )
    files = [each for each in matches if os.path.isfile(each)]
    named = [each for each in files if _is_photograph(each)]
    chosen = named or files or matches
    return [pair for each in chosen for pair in _meant(each, skipped)]


def _below(folder: str, skipped: Collection[str]) -> Iterator[str]:
    """Yields the photographs in a folder and its sub-folders."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [
            each
            for each in folders
            if not each.startswith(".")
            and os.path.join(parent, each) not in skipped
        ]
        for file in files:
            if _is_photograph(file) and not file.startswith("."):
                yield os.path.join(parent, file)


def _is_photograph(name: str) -> bool:
    return name.lower().endswith(image_files.ENDINGS)


def _by_id(root: str, paths: Iterable[str]) -> dict[str, pathlib.Path]:
    found: dict[str, pathlib.Path] = {}
    for path in map(pathlib.Path, paths):
        relative = path.relative_to(root)
        if relative.suffix.lower() in image_files.ENDINGS:
            relative = relative.with_suffix("")
        image_id = relative.as_posix()
        if image_id in found:
            raise InputError(
                f"{found[image_id]} and {path} would share the image id "
                f"{image_id!r}; rename one"
            )
        found[image_id] = path
    return found
