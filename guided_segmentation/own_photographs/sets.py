"""Sets of photographs on disk that the stages read.

A set is a folder of links to photographs, with their tags in one format and,
if the user gave them, their saliency maps. The photographs that the networks
learned from stay the same while the user's folder grows.
"""

import json
import os
import pathlib
import shutil

from guided_segmentation import artifacts, provenance
from guided_segmentation.own_photographs.photographs import Photographs

PHOTOGRAPHS = "photographs"
TAGS = "metadata.jsonl"
SALIENCY = "saliency"


def digest(
    photographs: Photographs, saliency_dir: artifacts.Path | None
) -> str:
    """Returns what names a set: it differs if anything in the set does.

    Args:
      photographs: Of the set.
      saliency_dir: Folder of the user's saliency maps, or None.
    """
    maps = (
        provenance.file_digests(photographs.by_id, saliency_dir)
        if saliency_dir
        else {}
    )
    return provenance.digest(
        [
            list(photographs.label_set.objects),
            [
                (image_id, each.digest, each.tags, maps.get(image_id))
                for image_id, each in photographs.by_id.items()
            ],
        ]
    )


def write(
    folder: pathlib.Path,
    photographs: Photographs,
    saliency_dir: artifacts.Path | None = None,
) -> None:
    """Writes a set, or brings one up to date.

    Args:
      folder: Of the set.
      photographs: Of the set.
      saliency_dir: Folder of the user's saliency maps, or None.
    """
    files = {
        image_id: photographs.source.photograph(image_id)
        for image_id in photographs.by_id
    }
    links = {
        f"{image_id}{file.suffix}": file for image_id, file in files.items()
    }
    _link(folder / PHOTOGRAPHS, links)
    names = "\n".join(photographs.label_set.objects) + "\n"
    _write_text(folder / PHOTOGRAPHS / "class_names.txt", names)
    _write_text(folder / TAGS, _tags(photographs, files))
    if saliency_dir:
        maps = {
            f"{image_id}.png": pathlib.Path(saliency_dir, f"{image_id}.png")
            for image_id in files
        }
        _link(folder / SALIENCY, maps)


def _tags(photographs: Photographs, files: dict[str, pathlib.Path]) -> str:
    """One JSON object a photograph, which holds names of any characters."""
    lines = [
        json.dumps(
            {
                "file_name": f"{image_id}{files[image_id].suffix}",
                "labels": photograph.tags,
            },
            ensure_ascii=False,
        )
        for image_id, photograph in photographs.by_id.items()
    ]
    return "\n".join([*lines, ""])


def _link(folder: pathlib.Path, links: dict[str, pathlib.Path]) -> None:
    """Makes the links in a folder these; others are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for found in sorted(folder.rglob("*")):
        name = str(found.relative_to(folder))
        if found.is_symlink() and name not in links:
            found.unlink()
    for name, file in links.items():
        link, target = folder / name, file.resolve()
        if link.is_symlink() and pathlib.Path(os.readlink(link)) == target:
            continue
        link.unlink(missing_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        try:
            link.symlink_to(target)
        except OSError:  # File systems without links.
            shutil.copyfile(target, link)


def _write_text(path: pathlib.Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        artifacts.write_bytes(path, text.encode())
