"""Writes data sets in the layouts that the readers expect: VOC's and MSRA's.

Source: the PASCAL VOC 2012 development kit; Liu et al., "Learning to Detect a
Salient Object", CVPR 2007, for the boxes of several annotators.
"""

import dataclasses
import io
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

import numpy as np
import tqdm
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema, synthetic
from guided_segmentation.datasets.scenes import composition

Path = artifacts.Path

_SETTINGS_FILE = "synthetic.json"  # Marks a folder as ours.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Annotation:
    """One object as VOC's `Annotations/*.xml` describe it.

    Attributes:
      name: Class of the object.
      box: (row_min, column_min, row_max, column_max), half-open.
      truncated: Whether the border cuts the object.
    """

    name: str
    box: tuple[int, int, int, int]
    truncated: bool


def write_photograph(path: Path, image: np.ndarray) -> None:
    """Writes [height, width, 3] uint8 RGB as a JPEG of quality 95."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95, subsampling=0)
    artifacts.write_bytes(path, buffer.getvalue())


def write_voc_example(
    root: pathlib.Path,
    image_id: str,
    image: np.ndarray,
    label_map: np.ndarray,
    annotations: Sequence[Annotation],
) -> None:
    """Writes photograph, label map and annotations of one image.

    Args:
      root: The VOC2012 folder.
      image_id: Name of the image, without extension.
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices and IGNORE.
      annotations: The objects in the image.
    """
    write_photograph(root / "JPEGImages" / f"{image_id}.jpg", image)
    artifacts.write_label_map(
        root / "SegmentationClassAug" / f"{image_id}.png", label_map
    )
    artifacts.write_bytes(
        root / "Annotations" / f"{image_id}.xml",
        annotation_xml(image_id, image.shape, annotations),
    )


def annotation_xml(
    image_id: str, shape: Sequence[int], annotations: Sequence[Annotation]
) -> bytes:
    """Returns VOC's XML of one image.

    Args:
      image_id: Name of the image, without extension.
      shape: Height, width and channels of the image.
      annotations: The objects in the image.

    Returns:
      The XML; its boxes are one-based and include their last pixel.
    """
    top = ElementTree.Element("annotation")
    _children(top, folder="VOC2012", filename=f"{image_id}.jpg")
    _children(
        ElementTree.SubElement(top, "source"),
        database="guided_segmentation synthetic",
        annotation="guided_segmentation synthetic",
        image="drawn",
    )
    height, width, depth = shape
    _children(
        ElementTree.SubElement(top, "size"),
        width=width,
        height=height,
        depth=depth,
    )
    _children(top, segmented=1)
    for annotation in annotations:
        _append_object(top, annotation)
    ElementTree.indent(top, "\t")
    return ElementTree.tostring(top) + b"\n"


def write_voc_lists(
    root: pathlib.Path,
    split: str,
    objects_by_id: Mapping[str, Sequence[str]],
    objects: Sequence[str],
) -> None:
    """Writes the lists of a split: for segmentation, and one for each class.

    Args:
      root: The VOC2012 folder.
      split: Name of the split.
      objects_by_id: Names of the objects in each image.
      objects: Names of all objects of the label set.
    """
    sets = root / "ImageSets"
    ids = "".join(f"{image_id}\n" for image_id in objects_by_id)
    artifacts.write_bytes(sets / f"Segmentation/{split}.txt", ids.encode())
    for name in objects:
        lines = [
            f"{image_id} {1 if name in found else -1:2d}\n"
            for image_id, found in objects_by_id.items()
        ]
        path = sets / f"Main/{name}_{split}.txt"
        artifacts.write_bytes(path, "".join(lines).encode())


def msra_list(entries: Sequence[tuple[str, Sequence[int], np.ndarray]]) -> str:
    """Returns the content of one of MSRA's UserData files.

    Args:
      entries: For each image its id, its shape and its [annotators, 4] boxes
        (row_min, column_min, row_max, column_max), half-open.

    Returns:
      The text: count, blank line, and for each image its path with a
      backslash, width and height, "left top right bottom; " for each
      annotator, and a blank line; with CRLF.
    """
    lines = [str(len(entries)), ""]
    for image_id, (height, width, *_), boxes in entries:
        box_texts = [
            f"{left} {top} {right} {bottom}; "
            for top, left, bottom, right in boxes.tolist()
        ]
        lines += [f"0\\{image_id}.jpg", f"{width} {height}"]
        lines += ["".join(box_texts), ""]
    return "".join(f"{line}\r\n" for line in lines)


def _append_object(top: ElementTree.Element, annotation: Annotation) -> None:
    element = ElementTree.SubElement(top, "object")
    _children(
        element,
        name=annotation.name,
        pose="Unspecified",
        truncated=int(annotation.truncated),
        difficult=0,
    )
    row_min, column_min, row_max, column_max = annotation.box
    _children(
        ElementTree.SubElement(element, "bndbox"),
        xmin=column_min + 1,
        ymin=row_min + 1,
        xmax=column_max,
        ymax=row_max,
    )


def _children(parent: ElementTree.Element, **texts: object) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)


def write_synthetic(
    output_dir: artifacts.Path,
    *,
    num_images: Mapping[str, int] = synthetic.NUM_IMAGES,
    num_saliency_images: int = synthetic.NUM_SALIENCY_IMAGES,
    seed: int = 0,
    size: tuple[int, int] = synthetic.SIZE,
) -> None:
    """Writes the scenes in VOC's layout and the saliency set in MSRA's.

    A folder appears when all of it is written. The same arguments give the
    same bytes.

    Args:
      output_dir: Gets VOCdevkit/VOC2012, msra_style and synthetic.json, which
        tells how they were made. What an earlier call wrote is replaced.
      num_images: How many scenes of each split.
      num_saliency_images: How many images of the saliency set.
      seed: Another seed, other images.
      size: Height and width of the images.

    Raises:
      FileExistsError: If one of the folders is there, and is not of our make.
      ValueError: If there is no such split, or the size or a number is too
        small.
    """
    root = pathlib.Path(output_dir)
    sources = [
        synthetic.source(split, num_images=count, seed=seed, size=size)
        for split, count in num_images.items()
    ]
    saliency = synthetic.saliency_source(
        num_images=num_saliency_images, seed=seed, size=size
    )
    _claim(root)
    settings = {"dataset": "synthetic", "seed": seed, "size": list(size)}
    counts = {**num_images, "saliency": num_saliency_images}
    artifacts.write_json(
        root / _SETTINGS_FILE, {**settings, "num_images": counts}
    )
    with artifacts.replacing_folder(root / "VOCdevkit") as folder:
        for split in sources:
            _write_split(folder / "VOC2012", split, seed, size)
        names = "".join(f"{name}\n" for name in synthetic.LABEL_SET.objects)
        path = folder / "VOC2012" / "class_names.txt"
        artifacts.write_bytes(path, names.encode())
    with artifacts.replacing_folder(root / "msra_style") as folder:
        _write_saliency_set(folder, saliency)


def _claim(root: pathlib.Path) -> None:
    """Raises FileExistsError if `root` holds a data set of someone else's."""
    if (root / _SETTINGS_FILE).is_file():
        return
    for name in ("VOCdevkit", "msra_style"):
        if (root / name).exists():
            raise FileExistsError(
                f"{root / name} is there, but was not written by "
                f"prepare_dataset --dataset=synthetic (no {_SETTINGS_FILE} "
                f"beside it); choose another output folder"
            )


def _write_split(
    root: pathlib.Path, split: schema.Source, seed: int, size: tuple[int, int]
) -> None:
    name = split.name.rpartition("/")[2]
    found = {}
    for image_id in _progress(split.image_ids, name):
        drawn = synthetic.scene(
            name, synthetic.index_of(image_id), seed=seed, size=size
        )
        annotations = _annotations(drawn)
        found[image_id] = {annotation.name for annotation in annotations}
        write_voc_example(
            root, image_id, drawn.image, drawn.label_map, annotations
        )
    write_voc_lists(root, name, found, synthetic.LABEL_SET.objects)


def _annotations(drawn: composition.Scene) -> list[Annotation]:
    annotations = []
    for number, class_index in enumerate(drawn.classes, start=1):
        if class_index != labels.BACKGROUND:
            box = composition.tight_box(drawn.instances == number)
            ends = box[0], box[1], *np.subtract(drawn.instances.shape, box[2:])
            annotations.append(
                Annotation(
                    name=synthetic.LABEL_SET.classes[class_index],
                    box=box,
                    truncated=min(ends) == 0,
                )
            )
    return annotations


def _write_saliency_set(root: pathlib.Path, saliency: schema.Source) -> None:
    entries = []
    for image_id in _progress(saliency.image_ids, "saliency"):
        image = saliency.image(image_id)
        write_photograph(root / f"Image/0/{image_id}.jpg", image)
        artifacts.write_saliency_map(
            root / f"masks/{image_id}.png", saliency.label_map(image_id)
        )
        entries.append((image_id, image.shape, saliency.boxes(image_id)))
    text = msra_list(entries)
    artifacts.write_bytes(root / "UserData" / "0_data.txt", text.encode())


def _progress(image_ids: Sequence[str], what: str) -> Iterable[str]:
    return tqdm.tqdm(image_ids, desc=what, unit="image", disable=None)
