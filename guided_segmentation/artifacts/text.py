"""Text and JSON files."""

import json
from typing import Any

from guided_segmentation.artifacts.atomic import Path, write_bytes
from guided_segmentation.artifacts.files import existing
from guided_segmentation.errors import InputError


def read_text(path: Path) -> str:
    """Returns the content of a text file, without a byte order mark.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not UTF-8.
    """
    try:
        return existing(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: wanted UTF-8 text, found {error}") from error


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: wanted JSON, found {error}") from error


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as indented JSON."""
    write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())
