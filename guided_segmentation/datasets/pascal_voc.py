"""PASCAL VOC 2012, and other photographs and label maps in its layout.

Source: Everingham et al., "The PASCAL Visual Object Classes Challenge 2012
(VOC2012) Development Kit"; the masks of SegmentationClassAug: Hariharan et
al., "Semantic contours from inverse detectors", ICCV 2011.
"""

import functools
import pathlib
from collections.abc import Callable

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import (
    image_checks,
    image_files,
    label_files,
    mask_tables,
    schema,
    voc_annotations,
    voc_files,
)
from guided_segmentation.datasets.image_labels import joining, kinds
from guided_segmentation.errors import InputError

Path = artifacts.Path
ROOTS = (".", "VOC2012", "VOCdevkit/VOC2012")  # Possible parents of JPEGImages.
# The list of VOC and SBD together goes by two names.
_SAME_SPLIT = {"trainaug": "train_aug", "train_aug": "trainaug"}


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
        the split has Source.difficult. Or one of image_labels.kinds.forms(),
        such as "csv:tags.csv".
      label_set: The classes. By default those of class_names.txt beside
        JPEGImages, or of CVAT's labelmap.txt there, or VOC's.

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
    files = voc_files.find(root, ids_file)
    image_ids = tuple(files.photographs)
    table = mask_tables.find(root)
    label_set = label_set or default_label_set(root, table)
    read_maps = functools.partial(_label_maps, files, label_set, table)
    read_labels = _image_labels(
        image_labels, files, image_ids, label_set, read_maps()
    )
    is_told = image_labels != "masks"
    read_truth = read_maps(read_labels if is_told else None)
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
        has_labels_in_memory=kinds.is_one(image_labels),
    )


def find_root(data_dir: Path) -> pathlib.Path:
    """Returns the folder that holds JPEGImages: `data_dir` or one in it.

    Args:
      data_dir: Holds JPEGImages, VOC2012 or VOCdevkit/VOC2012.

    Raises:
      FileNotFoundError: If there is none.
    """
    for root in ROOTS:
        if artifacts.to_path(data_dir, root, "JPEGImages").is_dir():
            return artifacts.to_path(data_dir, root)
    raise FileNotFoundError(
        f"no folder JPEGImages in {data_dir}, nor in its VOC2012 or "
        f"VOCdevkit/VOC2012; set data_dir to the folder of VOC's folders"
    )


def _ids_file(root: pathlib.Path, split: str) -> pathlib.Path:
    lists = root / "ImageSets" / "Segmentation"
    paths = [lists / f"{split}.txt", artifacts.to_path(split)]
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


def _label_maps(
    files: voc_files.Files,
    label_set: labels.LabelSet,
    table: mask_tables.Table | None,
    image_labels: Callable[[str], np.ndarray] | None = None,
) -> Callable[[str], np.ndarray]:
    """Returns a reader of label maps.

    Args:
      files: Of the split.
      label_set: The classes.
      table: What the colours of the label maps mean; None if they hold class
        indices.
      image_labels: From image id to [num_objects] bool, if they come from
        elsewhere than the label maps.
    """

    def label_map(image_id: str) -> np.ndarray:
        path = files.label_map(image_id)
        array = mask_tables.read_label_map(path, table, label_set)
        image_checks.require_size(
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
    files: voc_files.Files,
    image_ids: tuple[str, ...],
    label_set: labels.LabelSet,
    label_map: Callable[[str], np.ndarray],
) -> Callable[[str], np.ndarray]:
    if where == "masks":
        return _labels_of_masks(label_map, label_set)
    if where == "xml":
        return _labels_of_xml(files, label_set)
    if not kinds.is_one(where):
        raise InputError(
            f"image_labels: wanted masks, xml or one of "
            f"{', '.join(kinds.forms())}, found {where!r}"
        )
    tags = joining.read(where, image_ids, label_set)
    joining.select(tags, image_ids, untagged="error")
    return joining.reader(tags, image_ids, label_set)


def default_label_set(
    root: Path, table: mask_tables.Table | None
) -> labels.LabelSet:
    """Returns the classes of class_names.txt or labelmap.txt, or VOC's.

    Args:
      root: The folder that holds JPEGImages.
      table: What mask_tables.find returns for it.
    """
    label_set = label_files.read_label_set(root)
    if label_set is None and table is not None:
        return label_files.label_set_of(table.objects, table.path)
    return label_set or labels.VOC


def _labels_of_masks(
    label_map: Callable[[str], np.ndarray], label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def image_labels(image_id: str) -> np.ndarray:
        return labels.present(label_map(image_id), label_set.num_objects)

    return image_labels


def _labels_of_xml(
    files: voc_files.Files, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def image_labels(image_id: str) -> np.ndarray:
        path = files.annotation(image_id)
        names = [name for name, _ in voc_annotations.read_objects(path)]
        return label_files.named_labels(names, label_set, path, image_id)

    return image_labels


def _difficult(
    files: voc_files.Files, label_set: labels.LabelSet
) -> Callable[[str], np.ndarray]:
    def difficult(image_id: str) -> np.ndarray:
        path = files.annotation(image_id)
        objects = voc_annotations.read_objects(path)
        easy = {name for name, is_hard in objects if not is_hard}
        hard = [name for name, _ in objects if name not in easy]
        return label_files.named_labels(hard, label_set, path, image_id)

    return difficult
