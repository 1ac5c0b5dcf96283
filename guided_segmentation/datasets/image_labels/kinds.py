"""The formats of image-level labels, as --image_labels names them."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels import (
    class_folders,
    coco,
    cvat,
    json_lines,
    labelme,
    table,
    voc_xml,
)
from guided_segmentation.datasets.image_labels.rows import Rows
from guided_segmentation.errors import InputError


class Kind(NamedTuple):
    """A format of image-level labels.

    Attributes:
      argument: What stands after the colon; "" if nothing does.
      description: What the file is, for the user.
      read: From the argument, the ids of the photographs and the known names
        of several words to rows.
    """

    argument: str
    description: str
    read: Callable[[str, Collection[str], Collection[str]], Rows]


KINDS = {
    "csv": Kind(
        "PATH",
        "CSV or TSV with a column of names, or a column of 0 and 1 a class",
        lambda path, ids, known: table.read(path, known),
    ),
    "folders": Kind(
        "",
        "the name of the folder that a photograph lies in",
        lambda path, ids, known: class_folders.read(ids),
    ),
    "jsonl": Kind(
        "PATH",
        "metadata.jsonl of Hugging Face's ImageFolder",
        lambda path, ids, known: json_lines.read(path),
    ),
    "coco": Kind(
        "PATH",
        "COCO's instances JSON",
        lambda path, ids, known: coco.read(path),
    ),
    "labelme": Kind(
        "DIR",
        "labelme's JSON files: flags and shapes",
        lambda path, ids, known: labelme.read(path),
    ),
    "cvat": Kind(
        "PATH",
        "CVAT for images 1.1: tags and shapes",
        lambda path, ids, known: cvat.read(path),
    ),
    "voc": Kind(
        "DIR",
        "VOC's XML files",
        lambda path, ids, known: voc_xml.read(path),
    ),
}


def forms() -> list[str]:
    """Returns how each format is written, such as "csv:PATH"."""
    return [
        f"{name}:{kind.argument}" if kind.argument else name
        for name, kind in KINDS.items()
    ]


def descriptions() -> str:
    """Returns the text of --help: each format and what it is."""
    kinds = zip(forms(), KINDS.values(), strict=True)
    return "; ".join(f"{form} ({kind.description})" for form, kind in kinds)


def split(image_labels: str) -> tuple[str, str]:
    """Splits "csv:tags.csv" into the name of the format and its argument.

    The path of a file alone is that of a CSV.

    Raises:
      ValueError: If there is no such format, or its argument is missing.
    """
    name, _, argument = image_labels.partition(":")
    kind = KINDS.get(name)
    if kind is None and artifacts.to_path(image_labels).is_file():
        return "csv", image_labels
    if kind is None or bool(kind.argument) != bool(argument):
        raise InputError(
            f"image_labels: wanted one of {', '.join(forms())}, found "
            f"{image_labels!r}"
        )
    return name, argument


def is_one(image_labels: str) -> bool:
    """Whether a text names one of the formats, whatever follows the colon."""
    is_named = image_labels.partition(":")[0] in KINDS
    return is_named or artifacts.to_path(image_labels).is_file()
