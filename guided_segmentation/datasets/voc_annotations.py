"""VOC's XML files in Annotations: the objects in an image.

Source: the PASCAL VOC 2012 development kit.
"""

import dataclasses
from collections.abc import Sequence
from xml.etree import ElementTree

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Annotation:
    """One object of a file in VOC's Annotations.

    Attributes:
      name: Class of the object.
      box: (row_min, column_min, row_max, column_max), half-open, in pixels.
      truncated: Whether part of the object is outside the image.
    """

    name: str
    box: tuple[int, int, int, int]
    truncated: bool


def read_objects(path: artifacts.Path) -> list[tuple[str, bool]]:
    """Reads the objects of an image.

    Args:
      path: The XML file.

    Returns:
      The name of each object, and whether it is marked difficult.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not XML.
    """
    try:
        annotation = ElementTree.fromstring(artifacts.read_text(path))
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: wanted XML, found {error}") from error
    return [
        (
            element.findtext("name", "").strip(),
            element.findtext("difficult", "").strip() == "1",
        )
        for element in annotation.iter("object")
    ]


def to_xml(
    image_id: str, shape: Sequence[int], annotations: Sequence[Annotation]
) -> bytes:
    """Returns VOC's XML of one image.

    Args:
      image_id: Id of the image.
      shape: Height, width and channels of the image.
      annotations: The objects in the image.

    Returns:
      The XML; its boxes start at pixel 1 and include their last pixel.
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
