"""Image-level labels from CVAT's XML: tags and shapes.

Source: "CVAT for images 1.1" of the documentation of CVAT.
"""

from xml.etree import ElementTree

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels.rows import Rows
from guided_segmentation.errors import InputError


def read(path: artifacts.Path) -> Rows:
    """Reads the labels of all tags and shapes of each image.

    Args:
      path: An annotations.xml of the format "CVAT for images 1.1".

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not XML, or of another format.
    """
    try:
        top = ElementTree.fromstring(artifacts.read_text(path))
    except ElementTree.ParseError as error:
        raise InputError(f"{path}: wanted XML, found {error}") from error
    images = top.findall("image")
    if not images:
        found = ", ".join(sorted({each.tag for each in top})) or "none"
        raise InputError(
            f"{path}: wanted elements 'image' (CVAT for images 1.1), found "
            f"{found}; export the task in that format"
        )
    return [(each.get("name", ""), _names(each)) for each in images]


def _names(image: ElementTree.Element) -> list[str]:
    found = (each.get("label") for each in image)
    return list(dict.fromkeys(name for name in found if name))
