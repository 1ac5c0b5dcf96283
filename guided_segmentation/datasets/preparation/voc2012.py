"""VOC 2012 with the masks of SBD: the 10,582 training images of trainaug.

trainaug is VOC's train and SBD's train and val without VOC's val. Where both
have a mask, VOC's is taken.

Source: Everingham et al., "The PASCAL Visual Object Classes Challenge 2012
(VOC2012) Development Kit"; Hariharan et al., ICCV 2011, for SBD.
"""

import dataclasses
import pathlib
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_lists
from guided_segmentation.datasets.preparation import (
    checksums,
    originals,
    records,
    sbd,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path
VOC = "VOCdevkit/VOC2012"
TRAINVAL = originals.Original(
    archive="VOCtrainval_11-May-2012.tar",
    folder="VOCdevkit",
    url=(
        "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/"
        "VOCtrainval_11-May-2012.tar"
    ),
    md5="6cd6e144f989b92b3379bac3b3de84fd",
)
TEST = originals.Original(
    archive="VOC2012test.tar",
    folder="VOC2012test",
    url="http://host.robots.ox.ac.uk:8080 (needs an account)",
    md5="9065beb292b6c291fad82b2725749fda",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counts:
    """Numbers of images in the official lists."""

    train: int = 1464
    val: int = 1449
    sbd_train: int = 8498
    sbd_val: int = 2857
    trainaug: int = 10_582
    test: int = 1456


COUNTS = Counts()
_LIST = f"{VOC}/ImageSets/Segmentation/trainaug.txt"
_MADE = (f"{VOC}/SegmentationClassAug", _LIST)


def trainaug_ids(
    train: Iterable[str],
    val: Iterable[str],
    sbd_ids: Iterable[str],
) -> list[str]:
    """Returns the ids of trainaug in ascending order, as in the usual list.

    Args:
      train: VOC's train.
      val: VOC's val.
      sbd_ids: SBD's train and val.

    Example:
      >>> trainaug_ids(["b", "a"], ["v"], ["c", "v", "a"])
      ['a', 'b', 'c']
    """
    return sorted({*train, *sbd_ids} - set(val))


def prepare(data_dir: Path, output_dir: Path, counts: Counts = COUNTS) -> dict:
    """Prepares VOC 2012 with the masks of SBD.

    Args:
      data_dir: Holds VOCtrainval_11-May-2012.tar or VOCdevkit, benchmark.tgz
        or benchmark_RELEASE, and for the test split VOC2012test.tar.
      output_dir: Receives VOCdevkit/VOC2012 with SegmentationClassAug and
        ImageSets/Segmentation/trainaug.txt. If it is `data_dir`, and
        VOCdevkit is there, the photographs stay where they are.
      counts: Numbers of images that the lists must have.

    Returns:
      The content of preparation.json.

    Raises:
      FileNotFoundError: If an archive is missing, and its folder too.
      FileExistsError: If `output_dir` holds such masks from elsewhere.
      ValueError: If an archive is damaged or not the official one, a list has
        another number of ids, or a photograph or mask is missing or wrong.
    """
    found = _find(data_dir)
    records.begin(output_dir, "voc2012", _MADE)
    recorded = {
        each.archive: originals.recorded(path, each, ignored=_MADE)
        for each, path in found.items()
    }
    sbd_path = found.pop(sbd.ORIGINAL)
    for path in found.values():
        originals.place_all(path, output_dir, _is_wanted)
    root = pathlib.Path(output_dir, VOC)
    lists = _read_lists(root, sbd_path, counts)
    photographs = {*lists["trainaug"], *lists["val"], *lists.get("test", ())}
    _require_photographs(root, photographs)
    _write_label_maps(root, sbd_path, lists)
    ids = "".join(f"{image_id}\n" for image_id in lists["trainaug"])
    records.write_if_other(pathlib.Path(output_dir, _LIST), ids.encode())
    record = {"from": recorded, **_summary(root, lists)}
    records.end(output_dir, "voc2012", record)
    return record


def _find(data_dir: Path) -> dict[originals.Original, pathlib.Path]:
    """The archives or folders; that of the test split if it is there."""
    wanted = [TRAINVAL, sbd.ORIGINAL]
    if pathlib.Path(data_dir, TEST.archive).exists():
        wanted.append(TEST)
    return {each: originals.find(data_dir, each) for each in wanted}


def _is_wanted(name: str) -> bool:
    return name.startswith(f"{VOC}/")


def _list(split: str) -> str:
    return f"ImageSets/Segmentation/{split}.txt"


def _read_lists(
    root: pathlib.Path, sbd_path: Path, counts: Counts
) -> dict[str, list[str]]:
    lists = {
        split: list(image_lists.read_ids(root / _list(split)))
        for split in ("train", "val", "test")
        if split != "test" or (root / _list(split)).is_file()
    }
    sbd_lists = sbd.read_lists(sbd_path)
    sbd_ids = [i for ids in sbd_lists.values() for i in ids]
    lists |= {f"sbd_{split}": ids for split, ids in sbd_lists.items()}
    lists["trainaug"] = trainaug_ids(lists["train"], lists["val"], sbd_ids)
    for name, ids in lists.items():
        wanted = getattr(counts, name)
        if len(ids) != wanted:
            raise InputError(
                f"{sbd_path if name.startswith('sbd') else root}: wanted "
                f"{wanted} image ids in {name}, found {len(ids)}; the archive "
                f"or folder is not complete or not the official one"
            )
    return lists


def _require_photographs(
    root: pathlib.Path, image_ids: Collection[str]
) -> None:
    there = {path.stem for path in (root / "JPEGImages").glob("*.jpg")}
    faults = [
        f"no JPEGImages/{image_id}.jpg"
        for image_id in sorted(image_ids)
        if image_id not in there
    ]
    records.require_no_faults(faults, root)


def _write_label_maps(
    root: pathlib.Path, sbd_path: Path, lists: Mapping[str, list[str]]
) -> None:
    """Writes SegmentationClassAug of trainaug and val."""
    own = [*lists["train"], *lists["val"]]
    for image_id in tqdm.tqdm(own, "VOC", unit="image", disable=None):
        path = root / f"SegmentationClass/{image_id}.png"
        _write_label_map(
            root, image_id, artifacts.read_label_map(path), str(path)
        )
    others = set(lists["trainaug"]) - set(own)
    for image_id, label_map in sbd.label_maps(sbd_path, others):
        where = f"{sbd_path}: mask of {image_id}"
        _write_label_map(root, image_id, label_map, where)


def _write_label_map(
    root: pathlib.Path, image_id: str, label_map: np.ndarray, where: str
) -> None:
    labels.check(label_map, labels.VOC.num_classes, where)
    size = artifacts.read_size(root / f"JPEGImages/{image_id}.jpg")
    if label_map.shape != size:
        raise InputError(
            f"{where}: wanted the height and width of its photograph, {size}, "
            f"found {label_map.shape}; get the archive again"
        )
    path = root / f"SegmentationClassAug/{image_id}.png"
    records.write_if_other(path, artifacts.encode_label_map(label_map))


def _summary(root: pathlib.Path, lists: Mapping[str, list[str]]) -> dict:
    ids = sorted({*lists["trainaug"], *lists["val"]})
    masks = [root / f"SegmentationClassAug/{i}.png" for i in ids]
    own = len(set(lists["train"]))
    return {
        "images": {name: len(ids) for name, ids in lists.items()},
        "masks": {"voc": own, "sbd": len(lists["trainaug"]) - own},
        "sha256": {
            "trainaug": checksums.of_files([root / _list("trainaug")]),
            "label_maps": checksums.of_files(masks),
        },
    }
