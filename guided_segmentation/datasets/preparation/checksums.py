"""Digests of downloaded and of prepared files."""

import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from guided_segmentation import artifacts

_CHUNK_BYTES = 2**20


def md5(path: artifacts.Path) -> str:
    """Returns the MD5 digest of a file as hexadecimal digits.

    The authors of data sets publish MD5; it detects damage, not forgery.
    """
    digest = hashlib.md5(usedforsecurity=False)
    with pathlib.Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def of_files(paths: Iterable[artifacts.Path]) -> str:
    """Returns a SHA-256 digest of the contents of files, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        content = pathlib.Path(path).read_bytes()
        digest.update(f"{len(content)} ".encode())
        digest.update(content)
    return digest.hexdigest()


def of_json(content: Mapping[str, Any]) -> str:
    """Returns a SHA-256 digest of what can be written as JSON.

    Example:
      >>> of_json({"b": 1, "a": 2}) == of_json({"a": 2, "b": 1})
      True
    """
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
