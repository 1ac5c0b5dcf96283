"""COCO: its object instances as label maps and image-level labels.

Source: Lin et al., "Microsoft COCO: common objects in context", ECCV 2014;
https://cocodataset.org/#format-data.
"""

import dataclasses
import json
import pathlib
from collections.abc import Sequence

import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files
from guided_segmentation.datasets.image_labels import table
from guided_segmentation.datasets.preparation import (
    checksums,
    coco_masks,
    originals,
    records,
)
from guided_segmentation.errors import InputError

Path = artifacts.Path
SPLITS = ("train2017", "val2017")
_URL = "http://images.cocodataset.org"
_MADE = ("JPEGImages", "SegmentationClass", "ImageSets", "image_labels.csv")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """The content of instances_<split>.json.

    Attributes:
      images: COCO's records of the images, by image id (name of the file
        without ending).
      annotations: COCO's annotations of each image, by image id.
      class_indices: Class index of each category id, from 1 on in ascending
        order of the category ids, which have gaps.
      label_set: Names of the categories in this order, with an underscore for
        a space, because tags are separated by spaces.
    """

    images: dict[str, dict]
    annotations: dict[str, list[dict]]
    class_indices: dict[int, int]
    label_set: labels.LabelSet


def prepare(
    data_dir: Path, output_dir: Path, splits: Sequence[str] = SPLITS
) -> dict:
    """Writes photographs, label maps and image-level labels.

    The result is read as `folder` (data_dir JPEGImages) and as `pascal_voc`.

    Args:
      data_dir: Holds <split>.zip or the folder <split> of photographs, and
        annotations_trainval<year>.zip or annotations/instances_<split>.json.
      output_dir: Receives JPEGImages, SegmentationClass,
        ImageSets/Segmentation/<split>.txt, image_labels.csv and
        class_names.txt, which JPEGImages holds too.
      splits: Names of splits, such as "val2017".

    Returns:
      The content of preparation.json.

    Raises:
      FileNotFoundError: If an archive is missing, and its folder too.
      FileExistsError: If `output_dir` holds other data.
      ValueError: If an archive or a JSON file is damaged or has another
        format, splits differ in their categories, or photographs are missing
        or of another size.
    """
    paths = {split: _find(data_dir, split) for split in splits}
    records.begin(output_dir, "coco", _MADE)
    recorded = {
        path.name: originals.recorded(path)
        for pair in paths.values()
        for path in pair
    }
    root = pathlib.Path(output_dir)
    read = {split: read_split(paths[split][1], split) for split in splits}
    label_set = _common_label_set(read, data_dir)
    for split, content in read.items():
        _place_photographs(paths[split][0], content, root)
        _write_label_maps(content, root, split)
        _write_list(root / f"ImageSets/Segmentation/{split}.txt", content)
    names = "".join(f"{name}\n" for name in label_set.objects).encode()
    for folder in (root, root / "JPEGImages"):
        records.write_if_other(folder / "class_names.txt", names)
    records.write_if_other(root / "image_labels.csv", _csv(read))
    record = {"from": recorded, **_summary(root, read)}
    records.end(output_dir, "coco", record)
    return record


def read_split(path: Path, split: str) -> Split:
    """Reads instances_<split>.json.

    Args:
      path: annotations_trainval<year>.zip, or the folder annotations.
      split: Name of the split.

    Raises:
      ValueError: If there is no such file in it, or it has another format.
    """
    name = f"annotations/instances_{split}.json"
    where = f"{path}: {name}"
    try:
        content = json.loads(originals.texts(path, (name,))[name])
        return _parsed(content)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: wanted JSON, found {error}") from error
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{where}: wanted COCO's images, annotations and categories, "
            f"found no {error}; get it again"
        ) from error


def object_names(split: Split, image_id: str) -> list[str]:
    """Returns the names of the objects in an image, in class order.

    Crowds count: they show their category.

    Args:
      split: As `read_split` returns it.
      image_id: Id of the image.
    """
    found = {
        split.class_indices[each["category_id"]]
        for each in split.annotations[image_id]
    }
    return [split.label_set.classes[index] for index in sorted(found)]


def _find(data_dir: Path, split: str) -> tuple[pathlib.Path, pathlib.Path]:
    """The paths of photographs and annotations."""
    archive = f"annotations_trainval{split[-4:]}.zip"
    photographs = originals.Original(
        archive=f"{split}.zip", folder=split, url=f"{_URL}/zips/{split}.zip"
    )
    annotations = originals.Original(
        archive=archive,
        folder="annotations",
        url=f"{_URL}/annotations/{archive}",
    )
    return (
        originals.find(data_dir, photographs),
        originals.find(data_dir, annotations),
    )


def _parsed(content: dict) -> Split:
    categories = sorted(content["categories"], key=lambda each: each["id"])
    images, ids = {}, {}
    for image in content["images"]:
        image_id = image_files.image_id(image["file_name"])
        images[image_id] = image
        ids[image["id"]] = image_id
    class_indices = {
        each["id"]: index for index, each in enumerate(categories, start=1)
    }
    annotations: dict[str, list[dict]] = {image_id: [] for image_id in images}
    for annotation in content["annotations"]:
        _require_complete(annotation, ids, class_indices)
        annotations[ids[annotation["image_id"]]].append(annotation)
    return Split(
        images=images,
        annotations=annotations,
        class_indices=class_indices,
        label_set=labels.LabelSet(
            tuple(each["name"].replace(" ", "_") for each in categories)
        ),
    )


def _require_complete(
    annotation: dict, ids: dict[int, str], class_indices: dict[int, int]
) -> None:
    """Checks that an annotation has what is read of it."""
    missing = [
        name
        for name in ("image_id", "category_id", "segmentation", "area")
        if name not in annotation
    ]
    if missing:
        raise KeyError(f"{missing[0]} of annotation {annotation.get('id')}")
    if annotation["image_id"] not in ids:
        raise KeyError(f"image {annotation['image_id']}")
    if annotation["category_id"] not in class_indices:
        raise KeyError(f"category {annotation['category_id']}")


def _common_label_set(
    read: dict[str, Split], data_dir: Path
) -> labels.LabelSet:
    first, *others = read.values()
    if any(other.class_indices != first.class_indices for other in others):
        raise InputError(
            f"{data_dir}: wanted the same categories in {', '.join(read)}, "
            f"found different ones; prepare the splits in two folders"
        )
    return first.label_set


def _place_photographs(path: Path, split: Split, root: pathlib.Path) -> None:
    wanted = {image["file_name"] for image in split.images.values()}
    what = pathlib.Path(path).name
    for file in originals.progress(originals.files(path), what):
        name = pathlib.PurePosixPath(file.name).name
        if name in wanted:
            originals.place(file, root / "JPEGImages" / name)
    faults = []
    for image in split.images.values():
        photograph = root / "JPEGImages" / image["file_name"]
        wanted_size = image["height"], image["width"]
        try:
            size = artifacts.read_size(photograph)
        except (ValueError, FileNotFoundError) as error:
            faults.append(str(error))
            continue
        if size != wanted_size:
            faults.append(
                f"{photograph} has height and width {size}, wanted "
                f"{wanted_size}"
            )
    records.require_no_faults(faults, path)


def _write_label_maps(split: Split, root: pathlib.Path, name: str) -> None:
    bar = tqdm.tqdm(split.images.items(), name, unit="image", disable=None)
    for image_id, image in bar:
        label_map = coco_masks.label_map(
            (image["height"], image["width"]),
            split.annotations[image_id],
            split.class_indices,
            f"instances_{name}.json: image {image_id!r}",
        )
        path = root / f"SegmentationClass/{image_id}.png"
        records.write_if_other(path, artifacts.encode_label_map(label_map))


def _write_list(path: pathlib.Path, split: Split) -> None:
    ids = "".join(f"{image_id}\n" for image_id in split.images)
    records.write_if_other(path, ids.encode())


def _csv(read: dict[str, Split]) -> bytes:
    lines = [",".join(table.HEADER)]
    for split in read.values():
        for image_id in split.images:
            names = " ".join(object_names(split, image_id))
            lines.append(f"{image_id},{names}")
    return "".join(f"{line}\n" for line in lines).encode()


def _summary(root: pathlib.Path, read: dict[str, Split]) -> dict:
    masks = [
        root / f"SegmentationClass/{image_id}.png"
        for split in read.values()
        for image_id in split.images
    ]
    return {
        "images": {name: len(split.images) for name, split in read.items()},
        "without_objects": sum(
            not each
            for split in read.values()
            for each in split.annotations.values()
        ),
        "sha256": {
            "image_labels": checksums.of_files([root / "image_labels.csv"]),
            "label_maps": checksums.of_files(masks),
        },
    }
