"""PASCAL VOC 2012, and other photographs and label maps in its layout.

Source: Everingham et al., "The PASCAL Visual Object Classes Challenge 2012
(VOC2012) Development Kit"; the masks of SegmentationClassAug: Hariharan et
al., "Semantic contours from inverse detectors", ICCV 2011.
"""

import dataclasses
import pathlib
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_files,
    image_lists,
    label_files,
    schema,
    voc_annotations,
    voc_photographs,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path
ROOTS = (".", "VOC2012", "VOCdevkit/VOC2012")  # Possible parents of JPEGImages.
# VOC's own label maps come first: they are the truth that papers score by.
LABEL_MAP_DIRS = ("SegmentationClass", "SegmentationClassAug")
# The list of VOC and SBD together goes by two names.
_SAME_SPLIT = {"trainaug": "train_aug", "train_aug": "trainaug"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Files:
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


def source(
    data_dir: Path,
    split: str,
    image_labels: str = "masks",
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a split of a folder in the layout of VOC 2012.

    The label map of an image is read from SegmentationClass, or else from
    SegmentationClassAug. A split in which no image has one, like VOC's test
    split, has no truth.

    Args:
      data_dir: The folder that holds JPEGImages, VOC2012 or
        VOCdevkit/VOC2012. Photographs have one of image_files.ENDINGS.
      split: Name of a list in ImageSets/Segmentation, or the path of a list
        as image_lists.read_ids takes it. trainaug and train_aug are one name.
      image_labels: Where image-level labels come from. "masks": every object
        of the label map. "xml": every object in Annotations, including the
        difficult ones, as in the cls_labels.npy of later work; only with it
        the split has Source.difficult. "csv:PATH": a file as
        `label_files.csv_image_labels` takes it.
      label_set: The classes. By default those of class_names.txt beside
        JPEGImages, or VOC's.

    Returns:
      The split, its images in the order of the list. Its functions raise an
      error that names image and file if a label map is missing, of another
      size, or holds no object but ignored pixels where the only class is
      present.

    Raises:
      FileNotFoundError: If a folder, the list or a photograph is missing.
      ValueError: If the list is empty or names an image twice, two
        photographs of one image exist, or `image_labels` is none of the above
        or lacks an image.
    """
    root = find_root(data_dir)
    ids_file = _ids_file(root, split)
    files = _files(root, ids_file)
    image_ids = tuple(files.photographs)
    label_set = label_set or label_files.read_label_set(root) or labels.VOC
    read_labels = _image_labels(image_labels, files, image_ids, label_set)
    is_told = image_labels != "masks"
    read_truth = _label_maps(files, label_set, read_labels if is_told else None)
    return schema.Source(
        name=f"pascal_voc/{ids_file.stem}",
        digest=image_files.digest(files.photographs),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(
            files.photographs[image_id]
        ),
        image_labels=read_labels,
        difficult=_difficult(files, label_set)
        if image_labels == "xml"
        else None,
        label_map=read_truth if files.label_maps else None,
        label_set=label_set,
        photograph=files.photographs.__getitem__,
        label_map_file=files.label_maps.get if files.label_maps else None,
        has_labels_in_memory=image_labels.startswith("csv:"),
    )


def find_root(data_dir: Path) -> pathlib.Path:
    """Returns the folder that holds JPEGImages: `data_dir` or one in it.

    Args:
      data_dir: Holds JPEGImages, VOC2012 or VOCdevkit/VOC2012.

    Raises:
      FileNotFoundError: If there is none.
    """
    for root in ROOTS:
        if pathlib.Path(data_dir, root, "JPEGImages").is_dir():
            return pathlib.Path(data_dir, root)
    raise FileNotFoundError(
        f"no folder JPEGImages in {data_dir}, nor in its VOC2012 or "
        f"VOCdevkit/VOC2012; set data_dir to the folder of VOC's folders"
    )


def _ids_file(root: pathlib.Path, split: str) -> pathlib.Path:
    lists = root / "ImageSets" / "Segmentation"
    paths = [lists / f"{split}.txt", pathlib.Path(split)]
    if split in _SAME_SPLIT:
        paths.append(lists / f"{_SAME_SPLIT[split]}.txt")
    for path in paths:
        if path.is_file():
            return path
    splits = sorted(path.stem for path in lists.glob("*.txt"))
    raise FileNotFoundError(
        f"no split {split!r}: wanted {lists / split}.txt or the path of a "
        f"list; existing splits: {', '.join(splits) or 'none'}"
    )


def _files(root: pathlib.Path, ids_file: pathlib.Path) -> _Files:
    """Finds the files of the images in a list.

    Raises:
      FileNotFoundError: If a photograph is missing.
      ValueError: If one image has two photographs.
    """
    names = image_files.names_by_stem(root / "JPEGImages", image_files.ENDINGS)
    image_ids = image_lists.read_ids(ids_file, names)
    return _Files(
        root=root,
        photographs=voc_photographs.find(root, image_ids, ids_file, names),
        label_maps=_find_label_maps(root, image_ids),
    )


def _find_label_maps(
    root: pathlib.Path, image_ids: tuple[str, ...]
) -> dict[str, pathlib.Path]:
    found: dict[str, pathlib.Path] = {}
    for folder in reversed(LABEL_MAP_DIRS):
        names = image_files.names_by_stem(root / folder, (".png",))
        match = image_files.matcher(names)
        for image_id in image_ids:
            stem = match(image_id)
            if stem is not None:
                found[image_id] = root / folder / names[stem][0]
    return found


def _label_maps(
    files: _Files,
    label_set: labels.LabelSet,
    image_labels: Callable[[str], np.ndarray] | None = None,
) -> Callable[[str], np.ndarray]:
    """Returns a reader of label maps.

    Args:
      files: Of the split.
      label_set: The classes.
      image_labels: From image id to [num_objects] bool, if they come from
        elsewhere than the label maps.
    """

    def label_map(image_id: str) -> np.ndarray:
        path = files.label_map(image_id)
        array = artifacts.read_label_map(path)
        image_files.require_size(
            array, path, files.photographs[image_id], image_id
        )
        labels.check(array, label_set.num_classes, str(path))
        if image_labels and label_set.num_objects == 1:
            is_present = image_labels(image_id)[0]
            if is_present and labels.ignores_object(array):
                raise InputError(
                    f"{path}: image {image_id!r} shows {label_set.objects[0]}, "
                    f"but its label map holds 0 and 255 alone, and 255 means "
                    f"ignored; write 1 instead of 255"
                )
        return array

    return label_map


def _image_labels(
    where: str,
    files: _Files,
    image_ids: tuple[str, ...],
    label_set: labels.LabelSet,
) -> Callable[[str], np.ndarray]:
    if where == "masks":
        return _labels_of_masks(files, label_set)
    if where == "xml":
        return _labels_of_xml(files, label_set)
    kind, _, path = where.partition(":")
    if kind == "csv" and path:
        return label_files.csv_image_labels(path, image_ids, label_set)
    raise InputError(
        f"image_labels must be masks, xml or csv:PATH, got {where!r}"
    )


def _labels_of_masks(
    files: _Files, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    label_map = _label_maps(files, label_set)

    def image_labels(image_id: str) -> np.ndarray:
        return labels.present(label_map(image_id), label_set.num_objects)

    return image_labels


def _labels_of_xml(
    files: _Files, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def image_labels(image_id: str) -> np.ndarray:
        path = files.annotation(image_id)
        names = [name for name, _ in voc_annotations.read_objects(path)]
        return label_files.named_labels(names, label_set, path, image_id)

    return image_labels


def _difficult(
    files: _Files, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def difficult(image_id: str) -> np.ndarray:
        path = files.annotation(image_id)
        objects = voc_annotations.read_objects(path)
        easy = {name for name, is_hard in objects if not is_hard}
        hard = [name for name, _ in objects if name not in easy]
        return label_files.named_labels(hard, label_set, path, image_id)

    return difficult
