"""Image-level labels in metadata.jsonl of Hugging Face's ImageFolder.

Source: documentation of the library "datasets", "Create an image dataset".
"""

import json
from typing import Any

from guided_segmentation import artifacts
from guided_segmentation.datasets.image_labels.rows import Rows, field
from guided_segmentation.errors import InputError

LABEL_FIELDS = ("labels", "label", "tags")


def read(path: artifacts.Path) -> Rows:
    """Reads a file of one JSON object a line.

    Args:
      path: Every object has "file_name" and one of LABEL_FIELDS: a name, a
        list of names, or null for no object.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If a line is something else.
    """
    rows = []
    lines = artifacts.read_text(path).split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(_row(line, f"{path}: line {number}"))
    return rows


def _row(line: str, where: str) -> tuple[str, list[str]]:
    try:
        content = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: wanted JSON, found {error}") from error
    return field(content, "file_name", str, where), _names(content, where)


def _names(content: dict[str, Any], where: str) -> list[str]:
    found = [name for name in LABEL_FIELDS if name in content]
    value = content[found[0]] if found else 0
    names = [value] if isinstance(value, str) else value or []
    if not found or not isinstance(names, list):
        names = [None]
    if not all(isinstance(name, str) for name in names):
        shown = f"{found[0]!r}: {value!r}"[:80] if found else "none of them"
        raise InputError(
            f"{where}: wanted names of objects as {', '.join(LABEL_FIELDS)}, "
            f"found {shown}; write names instead of numbers"
        )
    return names
