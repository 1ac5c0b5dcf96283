"""SBD, the Semantic Boundaries Dataset: masks of further VOC photographs.

Source: Hariharan et al., "Semantic contours from inverse detectors", ICCV
2011.
"""

import io
import pathlib
from collections.abc import Collection, Iterator

import numpy as np

from guided_segmentation import artifacts, extras
from guided_segmentation.datasets.preparation import originals
from guided_segmentation.errors import InputError

ORIGINAL = originals.Original(
    archive="benchmark.tgz",
    folder="benchmark_RELEASE",
    url=(
        "http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/"
        "semantic_contours/benchmark.tgz"
    ),
    md5="82b4d87ceb2ed10f6038a1cba92111cb",
)
LISTS = ("train", "val")


def read_lists(path: artifacts.Path) -> dict[str, list[str]]:
    """Reads the ids of SBD's splits.

    Args:
      path: benchmark.tgz, or the folder benchmark_RELEASE.

    Returns:
      The ids of "train" and "val", in the order of the files.

    Raises:
      ValueError: If the archive is damaged, or lacks a list.
    """
    names = {split: f"dataset/{split}.txt" for split in LISTS}
    found = originals.texts(path, tuple(names.values()))
    return {split: found[names[split]].split() for split in LISTS}


def label_maps(
    path: artifacts.Path, image_ids: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yields the masks of some images, in the order of the archive.

    Args:
      path: benchmark.tgz, or the folder benchmark_RELEASE.
      image_ids: The images whose masks are wanted.

    Yields:
      Id and [height, width] uint8 label map of VOC's class indices; SBD has
      no ignored pixels.

    Raises:
      ValueError: If a mask is missing or is not SBD's, or SciPy is not
        installed.
    """
    missing = set(image_ids)
    for file in originals.progress(originals.files(path), "SBD"):
        name = pathlib.PurePosixPath(file.name)
        is_mask = name.match("dataset/cls/*.mat") and name.stem in missing
        if is_mask:
            missing.remove(name.stem)
            yield name.stem, parse_mask(file.read(), f"{path}: {file.name}")
    if missing:
        raise InputError(
            f"{path}: wanted dataset/cls/<id>.mat of {len(image_ids)} images, "
            f"found none of {len(missing)} of them, the first is "
            f"{min(missing)!r}; get the archive again"
        )


def parse_mask(content: bytes, where: str) -> np.ndarray:
    """Returns GTcls.Segmentation of a file of dataset/cls.

    Args:
      content: The MATLAB file, of version 5.
      where: The file, for the message.

    Returns:
      [height, width] uint8 class indices.

    Raises:
      ValueError: If it is no such file, or SciPy is not installed.
    """
    matlab = extras.imported("scipy.io", "datasets", "SBD's masks (.mat)")
    try:
        found = matlab.loadmat(io.BytesIO(content), squeeze_me=True)
        array = np.asarray(found["GTcls"]["Segmentation"].item())
    except Exception as error:  # Damaged files raise errors of many types.
        raise InputError(
            f"{where}: wanted a MATLAB file with GTcls.Segmentation, found "
            f"{error}; get the archive again"
        ) from error
    if array.ndim != 2 or array.dtype != np.uint8:
        raise InputError(
            f"{where}: wanted GTcls.Segmentation [height, width] uint8, found "
            f"{list(array.shape)} {array.dtype}; get the archive again"
        )
    return array
