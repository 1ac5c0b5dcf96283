"""Scores that an earlier call wrote, to be plotted with new ones."""

from collections.abc import Iterable

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError


def read(
    path: artifacts.Path,
    source: schema.Source,
    binary: str,
    keys: Iterable[str],
) -> dict:
    """Reads scores of the same images.

    Args:
      path: The JSON file.
      source: The images.
      binary: Name of the binary that writes such scores.
      keys: Keys that only its scores have together.

    Returns:
      The scores.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not JSON, or scores of something else.
    """
    scores = artifacts.read_json(path)
    fits = isinstance(scores, dict) and {*scores} >= {"source", *keys}
    if not fits or scores["source"] != source.name:
        found = f"those on {scores['source']}" if fits else "something else"
        raise InputError(
            f"{path}: wanted scores of bin/{binary} on {source.name}, found "
            f"{found}"
        )
    return scores
