"""preparation.json: what a prepared data set was made from."""

import pathlib
from collections.abc import Iterable
from typing import Any

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

FILE = "preparation.json"
_MOST_NAMED = 5  # Faults that a message names.


def begin(
    output_dir: artifacts.Path, dataset: str, made: Iterable[str]
) -> None:
    """Marks `output_dir` as a data set that is being prepared.

    Args:
      output_dir: Folder of the prepared data set.
      dataset: Name of the data set.
      made: Paths below `output_dir` that the preparation writes.

    Raises:
      FileExistsError: If one of them exists and was made elsewhere, or the
        folder holds another prepared data set.
    """
    folder = pathlib.Path(output_dir)
    if (folder / FILE).is_file():
        found = artifacts.read_json(folder / FILE).get("dataset")
        if found != dataset:
            raise FileExistsError(
                f"{folder} holds the prepared data set {found!r}, wanted "
                f"{dataset!r} or an empty folder; choose another output folder"
            )
        return
    for name in made:
        if (folder / name).exists():
            raise FileExistsError(
                f"{folder / name} exists, but was not written by "
                f"prepare_dataset --dataset={dataset} (no {FILE} in "
                f"{folder}); choose another output folder, or move it away"
            )
    artifacts.write_json(folder / FILE, {"dataset": dataset, "complete": False})


def end(
    output_dir: artifacts.Path, dataset: str, content: dict[str, Any]
) -> None:
    """Writes preparation.json of a complete data set.

    Args:
      output_dir: Folder of the prepared data set.
      dataset: Name of the data set.
      content: What it was made from and what it holds, with digests.
    """
    record = {"dataset": dataset, "complete": True, **content}
    artifacts.write_json(pathlib.Path(output_dir, FILE), record)


def require_no_faults(faults: list[str], where: artifacts.Path) -> None:
    """Checks that no file has a fault.

    Args:
      faults: One line a fault, of all files.
      where: Archive or folder of the files, for the message.

    Raises:
      ValueError: If there is a fault; the message names the first ones and
        counts them all.
    """
    if not faults:
        return
    shown = "; ".join(faults[:_MOST_NAMED])
    more = len(faults) - _MOST_NAMED
    if more > 0:
        shown += f"; and {more} more"
    raise InputError(f"{where}: {len(faults)} faults: {shown}")


def write_if_other(path: artifacts.Path, content: bytes) -> None:
    """Writes a file, unless it holds this content already."""
    path = pathlib.Path(path)
    if not path.is_file() or path.read_bytes() != content:
        artifacts.write_bytes(path, content)
