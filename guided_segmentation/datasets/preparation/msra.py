"""MSRA: the photographs and boxes of sets A and B in one folder.

Source: Liu et al., "Learning to Detect a Salient Object", CVPR 2007.
"""

import pathlib
from collections.abc import Mapping, Sequence

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_lists, msra
from guided_segmentation.datasets.preparation import (
    checksums,
    originals,
    records,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path
Sets = dict[str, dict[str, msra.Entry]]
# Published numbers of photographs. The boxes of the first set are used for a
# photograph of both: nine annotators drew them, those of set A three.
PUBLISHED = {"B": 5000, "A": 20_840}
_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz")


def prepare(
    data_dir: Path,
    output_dir: Path,
    only_ids: Path | None = None,
    exclude_ids: Path | None = None,
) -> dict:
    """Checks sets A and B, and lays them out as `datasets.msra` reads them.

    Args:
      data_dir: Holds ImageSetA, ImageSetB or both, as folders or archives, or
        is itself a folder with Image and UserData.
      output_dir: Receives `Image/<set>/<digit>/*.jpg` and UserData/<set>.txt,
        and the files of UserData as they were in originals/.
      only_ids: List of images to keep; all others are left out.
      exclude_ids: List of images to leave out.

    Returns:
      The content of preparation.json.

    Raises:
      FileNotFoundError: If neither set is there.
      FileExistsError: If `output_dir` holds other data.
      ValueError: If an archive or a file of UserData is damaged, photographs
        are missing or differ in size from their entries, boxes are wrong, or
        a list names an unknown image. All faults are counted.
    """
    found = find_sets(data_dir)
    records.begin(output_dir, "msra", ("Image", "UserData", "originals"))
    recorded = {path.name: originals.recorded(path) for path in found.values()}
    root = pathlib.Path(output_dir)
    listed = {name: _listed(found[name], name, root) for name in found}
    chosen = _chosen(_without_twins(listed), only_ids, exclude_ids)
    for name, path in found.items():
        _place_photographs(path, name, chosen[name], root)
    faults = [
        fault
        for name, entries in chosen.items()
        for fault in _faults(entries, root / "Image" / name)
    ]
    records.require_no_faults(faults, data_dir)
    for name, entries in chosen.items():
        text = _user_data(list(entries.values()), name)
        records.write_if_other(root / f"UserData/{name}.txt", text.encode())
    record = {"from": recorded, **_summary(root, listed, chosen)}
    records.end(output_dir, "msra", record)
    return record


def find_sets(data_dir: Path) -> dict[str, pathlib.Path]:
    """Returns the archives or folders of the sets by name.

    Args:
      data_dir: As `prepare` takes it. The name of a folder that holds Image
        and UserData itself is "set".

    Raises:
      FileNotFoundError: If there is none.
    """
    root = pathlib.Path(data_dir)
    found = {}
    for name in PUBLISHED:
        endings = (*_ENDINGS, "")
        paths = [root / f"ImageSet{name}{ending}" for ending in endings]
        there = [path for path in paths if path.exists()]
        if there:
            found[name] = there[0]
    if not found and (root / "UserData").is_dir():
        found["set"] = root
    if not found:
        raise FileNotFoundError(
            f"no ImageSetA or ImageSetB ({', '.join(_ENDINGS)} or unpacked), "
            f"and no Image and UserData, in {data_dir}; get MSRA's image sets "
            f"from the authors of Liu et al., CVPR 2007, and put them there "
            f"under these names"
        )
    return found


def _listed(path: Path, name: str, root: pathlib.Path) -> dict:
    """The entries of a set by image id."""
    folder = root / "originals" / name
    for file in originals.files(path):
        inside = _below(file.name, "UserData")
        if inside and inside.endswith(".txt"):
            originals.place(file, folder / "UserData" / inside)
    try:
        entries = msra.read_entries(folder)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: wanted UserData/*.txt in it, found none; get it again"
        ) from error
    return {entry.image_id: entry for entry in entries}


def _below(name: str, folder: str) -> str | None:
    """The path below a folder, or None if it is not in that folder."""
    parts = pathlib.PurePosixPath(name).parts
    if folder not in parts[:-1]:
        return None
    return "/".join(parts[parts.index(folder) + 1 :])


def _without_twins(listed: Sets) -> Sets:
    """Leaves out of later sets the photographs of earlier ones."""
    seen: dict[str, msra.Entry] = {}
    kept: Sets = {}
    for name, entries in listed.items():
        for image_id in entries.keys() & seen.keys():
            if entries[image_id].size != seen[image_id].size:
                raise InputError(
                    f"{entries[image_id].where}: image {image_id!r} has "
                    f"height and width {entries[image_id].size}, but in "
                    f"{seen[image_id].where} it has {seen[image_id].size}, so "
                    f"they are different photographs; prepare the sets in "
                    f"two folders"
                )
        kept[name] = {i: entries[i] for i in entries if i not in seen}
        seen |= kept[name]
    return kept


def _chosen(
    sets: Sets, only_ids: Path | None, exclude_ids: Path | None
) -> Sets:
    known = {image_id for entries in sets.values() for image_id in entries}
    kept = _read_known(only_ids, known) if only_ids else known
    if exclude_ids:
        kept = kept - _read_known(exclude_ids, known)
    if not kept:
        raise InputError(
            f"only_ids {only_ids} and exclude_ids {exclude_ids} leave none of "
            f"{len(known)} images; change the lists"
        )
    return {
        name: {i: entries[i] for i in entries if i in kept}
        for name, entries in sets.items()
    }


def _read_known(path: Path, known: set[str]) -> set[str]:
    image_ids = set(image_lists.read_ids(path))
    unknown = sorted(image_ids - known)
    if unknown:
        raise InputError(
            f"{path}: {len(unknown)} of {len(image_ids)} ids are in none of "
            f"the sets, the first is {unknown[0]!r}; correct the list"
        )
    return image_ids


def _relative(entry: msra.Entry) -> str:
    return _below(entry.photograph.as_posix(), "Image") or ""


def _place_photographs(
    path: Path, name: str, entries: Mapping[str, msra.Entry], root: pathlib.Path
) -> None:
    wanted = {_relative(entry) for entry in entries.values()}
    what = pathlib.Path(path).name
    for file in originals.progress(originals.files(path), what):
        inside = _below(file.name, "Image")
        if inside in wanted:
            originals.place(file, root / "Image" / name / inside)


def _faults(
    entries: Mapping[str, msra.Entry], folder: pathlib.Path
) -> list[str]:
    """What is wrong with each photograph and its boxes."""
    found = []
    for entry in entries.values():
        path = folder / _relative(entry)
        try:
            msra.parse_boxes(entry)
            size = artifacts.read_size(path)
        except (ValueError, FileNotFoundError) as error:
            found.append(str(error))
            continue
        if size != entry.size:
            found.append(
                f"{path} has height and width {size}, but its entry at "
                f"{entry.where} {entry.size}"
            )
    return found


def _user_data(entries: Sequence[msra.Entry], name: str) -> str:
    """The text of a file of UserData, with the boxes as they were."""
    lines = [str(len(entries)), ""]
    for entry in entries:
        path = "\\".join([name, *_relative(entry).split("/")])
        height, width = entry.size
        lines += [path, f"{width} {height}", entry.boxes, ""]
    return "".join(f"{line}\r\n" for line in lines)


def _summary(root: pathlib.Path, listed: Sets, chosen: Sets) -> dict:
    everything = [i for entries in listed.values() for i in entries]
    photographs = [
        root / "Image" / name / _relative(entry)
        for name, entries in chosen.items()
        for entry in entries.values()
    ]
    notes = [
        f"set {name} has {len(entries)} photographs, published are "
        f"{PUBLISHED[name]}"
        for name, entries in listed.items()
        if len(entries) != PUBLISHED.get(name, len(entries))
    ]
    return {
        "listed": {name: len(entries) for name, entries in listed.items()},
        "in_both_sets": len(everything) - len(set(everything)),
        "images": sum(map(len, chosen.values())),
        "notes": notes,
        "sha256": {
            "photographs": checksums.of_files(photographs),
            "boxes": checksums.of_files(
                root / f"UserData/{name}.txt" for name in chosen
            ),
        },
    }
