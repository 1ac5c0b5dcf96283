"""Writes data sets in the layouts that the readers expect: VOC's and MSRA's.

Source: the PASCAL VOC 2012 development kit; Liu et al., "Learning to Detect a
Salient Object", CVPR 2007, for the boxes of several annotators.
"""

import dataclasses
import io
import pathlib
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import numpy as np
from PIL import Image

from guided_segmentation import artifacts

Path = artifacts.Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Annotation:
    """One object as VOC's Annotations/*.xml describe it.

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
