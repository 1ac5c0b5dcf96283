"""Digests of the files that the flags of a stage name.

Outputs of earlier stages are no files of this kind: their fingerprints stand
for them.
"""

import os
import pathlib
from collections.abc import Iterator

from guided_segmentation import artifacts, provenance
from guided_segmentation.datasets import (
    image_files,
    image_lists,
    pascal_voc,
    voc_files,
)
from guided_segmentation.datasets.image_labels import kinds
from guided_segmentation.errors import InputError
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.networks import weights

# Flags whose values are files or folders that a stage reads.
_FLAGS = frozenset(
    {
        "classifier_dir",
        "data_dir",
        "exclude_ids",
        "image_labels",
        "object_masks_dir",
        "truth_dir",
        "only_ids",
        "predictions_dir",
        "saliency_dir",
        "saliency_net_dir",
        "seeder_dir",
        "seeds_dir",
        "segmenter_dir",
        "split",
        "trunk_weights",
    }
)
# Binaries that take the flags of image-level labels and read photographs only.
_READ_PHOTOGRAPHS = frozenset({"make_saliency"})
# Folders of VOC with one file for each image id.
_BY_IMAGE = frozenset(
    {
        "Annotations",
        "JPEGImages",
        "SegmentationObject",
        *voc_files.LABEL_MAP_DIRS,
    }
)
_PHOTOGRAPHS = (".jpg", ".jpeg")
_RECORDS = ("settings.json", "stages.json", "inputs.json")  # Of binaries.
_MAX_BYTES = 2**26  # Larger files, such as archives, count by their size.


def digests(stage: Stage, work_dir: artifacts.Path) -> dict[str, str]:
    """Returns a digest of each input of a stage that no other stage makes.

    Lists, CSVs, boxes, label maps, seeds, saliency maps and weights are
    digested by their content, photographs and large files by
    provenance.sampled_digest.

    Args:
      stage: The stage.
      work_dir: Folder of the experiment; left out where it is inside another.

    Returns:
      By name of the flag; without those that name no existing file or folder.
    """
    binary, *arguments = stage.command
    given = dict(argument.partition("=")[::2] for argument in arguments)
    values = {name.removeprefix("--"): value for name, value in given.items()}
    found = {}
    for name in sorted(_FLAGS & values.keys()):
        path = _path(name, values[name])
        if binary in _READ_PHOTOGRAPHS and name == "image_labels":
            continue
        if (path / weights.WEIGHTS_FILE).is_file():
            path = path / weights.WEIGHTS_FILE
        if WORK_DIR in values[name] or not values[name]:
            continue
        if path.is_file():
            found[name] = provenance.file_digest(path)
        elif path.is_dir():
            ids = _ids(path, values.get("split", "train"))
            is_searched = values.get("dataset") == "folder"
            files = {
                os.path.relpath(file, path): file
                for file in _files(path, pathlib.Path(work_dir))
                if _is_read(file, path, binary, ids, is_searched)
            }
            parts = [(name, _digest(file)) for name, file in files.items()]
            found[name] = provenance.digest([sorted(parts), sorted(ids or [])])
    return found


def _path(flag: str, value: str) -> pathlib.Path:
    """The file or folder of a flag's value, such as csv:tags.csv."""
    if flag == "image_labels" and kinds.is_one(value):
        value = value.partition(":")[2] or value
    return pathlib.Path(value).expanduser()


def _ids(data_dir: pathlib.Path, split: str) -> frozenset[str] | None:
    """The ids of a split of VOC; None if there is no such list."""
    try:
        root = pascal_voc.find_root(data_dir)
        path = root / "ImageSets" / "Segmentation" / f"{split}.txt"
        return frozenset(image_lists.read_ids(path if path.exists() else split))
    except (OSError, InputError):  # The binary that reads the list reports it.
        return None


def _files(
    folder: pathlib.Path, work_dir: pathlib.Path
) -> Iterator[pathlib.Path]:
    """Yields the files in a folder, without hidden ones and results."""
    for place, folders, names in os.walk(folder):
        path = pathlib.Path(place)
        folders[:] = (
            each
            for each in folders
            if not each.startswith(".")
            and not any((path / each / name).exists() for name in _RECORDS)
            and (path / each).resolve() != work_dir.resolve()
        )
        for name in names:
            if not name.startswith(".") and name not in _RECORDS:
                yield path / name


def _is_read(
    file: pathlib.Path,
    folder: pathlib.Path,
    binary: str,
    ids: frozenset[str] | None,
    is_searched: bool,
) -> bool:
    """Whether a binary may read a file in a folder.

    Args:
      file: The file.
      folder: The folder, or one above it.
      binary: Name of the binary.
      ids: Of the split of VOC; None for other data.
      is_searched: Whether photographs may lie in sub-folders too.
    """
    if ids is not None:
        if "ImageSets" in file.parts:
            return False  # The ids themselves are digested.
        if file.parent.name in _BY_IMAGE and file.stem not in ids:
            return False
    is_picture = file.suffix.lower() in image_files.ENDINGS
    is_photograph = file.suffix.lower() in _PHOTOGRAPHS or (
        is_picture and (is_searched or file.parent == folder)
    )
    return is_photograph or binary not in _READ_PHOTOGRAPHS


def _digest(file: pathlib.Path) -> str:
    size = file.stat().st_size
    if file.suffix.lower() in _PHOTOGRAPHS or size > _MAX_BYTES:
        return provenance.sampled_digest(file)
    return provenance.file_digest(file)
