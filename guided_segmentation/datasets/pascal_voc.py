"""PASCAL VOC 2012, and other photographs and label maps in its layout.

Source: Everingham et al., "The PASCAL Visual Object Classes Challenge 2012
(VOC2012) Development Kit"; the masks of SegmentationClassAug: Hariharan et
al., "Semantic contours from inverse detectors", ICCV 2011.
"""

import pathlib
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_files,
    label_files,
    schema,
    voc_annotations,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path
ROOTS = (".", "VOC2012", "VOCdevkit/VOC2012")  # Possible parents of JPEGImages.
LABEL_MAP_DIRS = ("SegmentationClassAug", "SegmentationClass")


def source(
    data_dir: Path,
    split: str,
    image_labels: str = "masks",
    label_set: labels.LabelSet | None = None,
) -> schema.Source:
    """Opens a split of a folder in the layout of VOC 2012.

    The label map of an image is read from SegmentationClassAug, or else from
    SegmentationClass. A split in which no image has one, like VOC's test
    split, has no truth.

    Args:
      data_dir: The folder that holds JPEGImages, VOC2012 or
        VOCdevkit/VOC2012.
      split: Name of a list in ImageSets/Segmentation, or the path of a list
        as `read_ids` takes it.
      image_labels: Where image-level labels come from. "masks": every object
        of the label map. "xml": every object in Annotations, including the
        difficult ones, as in the cls_labels.npy of later work; only with it
        the split has Source.difficult. "csv:PATH": a file as
        `label_files.csv_image_labels` takes it.
      label_set: The classes. By default those of class_names.txt beside
        JPEGImages, or VOC's.

    Returns:
      The split, its images in the order of the list. Its functions raise an
      error that names image and file if an image has no object, or if its
      label map is missing or of another size.

    Raises:
      FileNotFoundError: If a folder, the list or a photograph is missing.
      ValueError: If the list is empty or names an image twice, or if
        `image_labels` is none of the above or lacks an image.
    """
    root = find_root(data_dir)
    ids_file = _ids_file(root, split)
    image_ids = read_ids(ids_file)
    photographs = {name: _photograph(root, name) for name in image_ids}
    image_files.require_existing(photographs, ids_file)
    label_set = label_set or label_files.read_label_set(root) or labels.VOC
    has_truth = any(_find_label_map(root, name) for name in image_ids)
    return schema.Source(
        name=f"pascal_voc/{ids_file.stem}",
        digest=image_files.digest(photographs),
        image_ids=image_ids,
        image=lambda image_id: artifacts.read_image(
            _photograph(root, image_id)
        ),
        image_labels=_image_labels(image_labels, root, image_ids, label_set),
        difficult=_difficult(root, label_set)
        if image_labels == "xml"
        else None,
        label_map=_label_maps(root, label_set) if has_truth else None,
        label_set=label_set,
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


def read_ids(path: Path) -> tuple[str, ...]:
    """Reads a list of image ids, one per line, in any of the usual forms.

    Ids are read as text, even if they look like numbers. Only the first word
    of a line is read, without folders and without the ending of a photograph:
    "2007_000032", "2007_000032 0 14", "2007_000032.jpg 5" and
    "/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png" are
    the same image.

    Args:
      path: The list, a text file.

    Returns:
      The ids in the order of the list.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it names no image, or one twice.
    """
    lines = map(str.split, artifacts.read_text(path).splitlines())
    image_ids = tuple(
        image_files.image_id(words[0]) for words in lines if words
    )
    if not image_ids:
        raise InputError(f"{path}: wanted one image id per line, found none")
    image_files.require_different(image_ids, path)
    return image_ids


def _ids_file(root: pathlib.Path, split: str) -> pathlib.Path:
    lists = root / "ImageSets" / "Segmentation"
    for path in (lists / f"{split}.txt", pathlib.Path(split)):
        if path.is_file():
            return path
    splits = sorted(path.stem for path in lists.glob("*.txt"))
    raise FileNotFoundError(
        f"no split {split!r}: wanted {lists / split}.txt or the path of a "
        f"list; existing splits: {', '.join(splits) or 'none'}"
    )


def _photograph(root: pathlib.Path, image_id: str) -> pathlib.Path:
    return root / "JPEGImages" / f"{image_id}.jpg"


def _find_label_map(root: pathlib.Path, image_id: str) -> pathlib.Path | None:
    paths = (root / name / f"{image_id}.png" for name in LABEL_MAP_DIRS)
    return next((path for path in paths if path.is_file()), None)


def _label_map(root: pathlib.Path, image_id: str) -> pathlib.Path:
    path = _find_label_map(root, image_id)
    if path is None:
        raise FileNotFoundError(
            f"no label map {image_id}.png of image {image_id!r} in "
            f"{' or '.join(LABEL_MAP_DIRS)} of {root}; add it, or take image "
            f"labels from xml or csv:PATH"
        )
    return path


def _label_maps(
    root: pathlib.Path, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def label_map(image_id: str) -> np.ndarray:
        path = _label_map(root, image_id)
        array = artifacts.read_label_map(path)
        image_files.require_size(
            array, path, _photograph(root, image_id), image_id
        )
        return labels.check(array, label_set.num_classes, str(path))

    return label_map


def _image_labels(
    where: str,
    root: pathlib.Path,
    image_ids: tuple[str, ...],
    label_set: labels.LabelSet,
) -> Callable[[str], np.ndarray]:
    if where == "masks":
        return _labels_of_masks(root, label_set)
    if where == "xml":
        return _labels_of_xml(root, label_set)
    kind, _, path = where.partition(":")
    if kind == "csv" and path:
        return label_files.csv_image_labels(path, image_ids, label_set)
    raise InputError(
        f"image_labels must be masks, xml or csv:PATH, got {where!r}"
    )


def _labels_of_masks(
    root: pathlib.Path, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    label_map = _label_maps(root, label_set)

    def image_labels(image_id: str) -> np.ndarray:
        present = labels.present(label_map(image_id), label_set.num_objects)
        path = _label_map(root, image_id)
        return label_files.require_objects(present, path, image_id)

    return image_labels


def _labels_of_xml(
    root: pathlib.Path, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def image_labels(image_id: str) -> np.ndarray:
        path = _annotation(root, image_id)
        names = [name for name, _ in voc_annotations.read_objects(path)]
        present = label_files.named_labels(names, label_set, path, image_id)
        return label_files.require_objects(present, path, image_id)

    return image_labels


def _difficult(
    root: pathlib.Path, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def difficult(image_id: str) -> np.ndarray:
        path = _annotation(root, image_id)
        objects = voc_annotations.read_objects(path)
        easy = {name for name, is_hard in objects if not is_hard}
        hard = [name for name, _ in objects if name not in easy]
        return label_files.named_labels(hard, label_set, path, image_id)

    return difficult


def _annotation(root: pathlib.Path, image_id: str) -> pathlib.Path:
    return root / "Annotations" / f"{image_id}.xml"
