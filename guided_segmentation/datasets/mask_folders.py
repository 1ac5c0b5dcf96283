"""Masks of a folder of photographs: class indices, 0 and 255, or colours."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_checks, image_files, mask_tables
from guided_segmentation.errors import InputError

Path = artifacts.Path
ENDINGS = (".png", ".bmp", ".tif", ".tiff")  # Without loss.
SUFFIX = "_mask"  # Roboflow writes a_mask.png beside a.jpg.


@dataclasses.dataclass(frozen=True)
class Masks:
    """Masks of photographs.

    Attributes:
      files: The mask of each image that has one, by image id.
      photographs: The photographs, by image id.
      label_set: The classes.
      table: What colours or values mean; None if the masks hold class
        indices.
    """

    files: Mapping[str, pathlib.Path]
    photographs: Mapping[str, pathlib.Path]
    label_set: labels.LabelSet
    table: mask_tables.Table | None

    def label_map(self, image_id: str) -> np.ndarray:
        """Reads the mask of an image.

        Returns:
          [height, width] uint8 class indices and IGNORE.

        Raises:
          FileNotFoundError: If the image has no mask.
          ValueError: If the mask cannot be read, has another size than its
            photograph, or holds other classes than the label set.
        """
        path = self.files.get(image_id)
        if path is None:
            raise FileNotFoundError(
                f"no mask of image {image_id!r}; add it, or leave the image out"
            )
        label_map = self._read(path)
        image_checks.require_size(
            label_map, path, self.photographs[image_id], image_id
        )
        return labels.check(label_map, self.label_set.num_classes, str(path))

    def _read(self, path: pathlib.Path) -> np.ndarray:
        label_map = mask_tables.read_label_map(path, self.table, self.label_set)
        return label_map // labels.IGNORE if self.is_binary else label_map

    @functools.cached_property
    def is_binary(self) -> bool:
        """Whether 255 is the only object, because no mask has an index.

        Masks are read up to the first that has one.
        """
        if self.label_set.num_objects != 1 or self.table is not None:
            return False
        is_marked = False
        for path in tqdm.tqdm(self.files.values(), "masks", unit="mask"):
            values = artifacts.read_label_map(path)
            if ((values > 0) & (values < labels.IGNORE)).any():
                return False
            is_marked = is_marked or bool(values.any())
        return is_marked


def find(
    masks_dir: Path, photographs: Mapping[str, pathlib.Path]
) -> tuple[dict[str, pathlib.Path], list[str]]:
    """Finds the mask of each photograph.

    Args:
      masks_dir: Folder of masks, also in sub-folders, each named like its
        photograph, or with SUFFIX. The photographs may lie in it too.
      photographs: Files by image id.

    Returns:
      Files by image id, for the images that have a mask; and the names of
      masks without photograph.

    Raises:
      FileNotFoundError: If there is no such folder.
      ValueError: If a photograph has two masks.
    """
    root = artifacts.to_path(masks_dir)
    match = image_files.matcher(photographs)
    is_photograph = set(map(artifacts.absolute, photographs.values()))
    found: dict[str, pathlib.Path] = {}
    alone = []
    for name in names(masks_dir):
        if artifacts.absolute(root / name) in is_photograph:
            continue
        stem = name.rpartition(".")[0]
        image_id = match(stem) or match(stem.removesuffix(SUFFIX))
        if image_id is None:
            alone.append(name)
        elif image_id in found:
            raise InputError(
                f"{masks_dir}: {found[image_id].relative_to(root)} and {name} "
                f"are both masks of image {image_id!r}; give the folder of one"
            )
        else:
            found[image_id] = root / name
    return found, alone


def beside(image_ids: Iterable[str]) -> Callable[[str], bool]:
    """Returns a function that tells masks from photographs in one folder.

    Args:
      image_ids: Ids of all images in the folder.

    Returns:
      A function from image id to whether it is a mask: it ends with SUFFIX,
      and an image without it exists.
    """
    known = frozenset(image_ids)
    return lambda image_id: (
        image_id.endswith(SUFFIX) and image_id.removesuffix(SUFFIX) in known
    )


def names(masks_dir: Path) -> list[str]:
    """Lists the masks in a folder and its sub-folders, sorted.

    Raises:
      FileNotFoundError: If there is no such folder.
    """
    root = artifacts.to_path(masks_dir)
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {masks_dir}")
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    )
