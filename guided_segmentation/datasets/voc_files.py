"""Photographs and label maps in VOC's folders.

Source: the PASCAL VOC 2012 development kit.
"""

import dataclasses
import pathlib
from collections.abc import Iterable

from guided_segmentation.datasets import (
    image_files,
    image_lists,
    voc_photographs,
)

# VOC's own label maps come first: they are the truth that papers score by.
LABEL_MAP_DIRS = ("SegmentationClass", "SegmentationClassAug")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a split.

    Attributes:
      root: The folder that holds JPEGImages.
      photographs: The photograph of each image, by image id.
      label_maps: The label map of each image that has one, by image id.
    """

    root: pathlib.Path
    photographs: dict[str, pathlib.Path]
    label_maps: dict[str, pathlib.Path]

    def label_map(self, image_id: str) -> pathlib.Path:
        """Returns the file of a label map, which must exist."""
        if image_id not in self.label_maps:
            raise FileNotFoundError(
                f"no label map {image_id}.png of image {image_id!r} in "
                f"{' or '.join(LABEL_MAP_DIRS)} of {self.root}; add it, or "
                f"take image labels from xml or csv:PATH"
            )
        return self.label_maps[image_id]

    def annotation(self, image_id: str) -> pathlib.Path:
        """Returns the file of an annotation."""
        return self.root / "Annotations" / f"{image_id}.xml"


def find(root: pathlib.Path, ids_file: pathlib.Path) -> Files:
    """Finds the files of the images in a list.

    Args:
      root: The folder that holds JPEGImages.
      ids_file: The list, as image_lists.read_ids takes it.

    Raises:
      FileNotFoundError: If a photograph is missing.
      ValueError: If one image has two photographs.
    """
    names = image_files.names_by_stem(root / "JPEGImages", image_files.ENDINGS)
    image_ids = image_lists.read_ids(ids_file, names)
    return Files(
        root=root,
        photographs=voc_photographs.find(root, image_ids, ids_file, names),
        label_maps=find_label_maps(root, image_ids),
    )


def find_label_maps(
    root: pathlib.Path, image_ids: Iterable[str]
) -> dict[str, pathlib.Path]:
    """Returns the label map of each image that has one, by image id."""
    found: dict[str, pathlib.Path] = {}
    for folder in reversed(LABEL_MAP_DIRS):
        names = image_files.names_by_stem(root / folder, (".png",))
        match = image_files.matcher(names)
        for image_id in image_ids:
            stem = match(image_id)
            if stem is not None:
                found[image_id] = root / folder / names[stem][0]
    return found
