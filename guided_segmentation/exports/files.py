"""Photographs as exports name them."""

import os
import pathlib

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema


def photograph_name(source: schema.Source, image_id: str) -> str:
    """Returns the image id with the ending of the photograph's file.

    Args:
      source: The photographs; those that are no files count as PNGs.
      image_id: Which one.
    """
    if source.photograph is None:
        return f"{image_id}.png"
    return f"{image_id}{pathlib.Path(source.photograph(image_id)).suffix}"


def link_photograph(
    source: schema.Source, image_id: str, path: artifacts.Path
) -> None:
    """Makes a relative link to a photograph, unless `path` exists.

    A photograph that is no file is written as a PNG.

    Args:
      source: The photographs.
      image_id: Which one.
      path: The link.

    Raises:
      OSError: If the file system has no links.
    """
    path = pathlib.Path(path)
    if os.path.lexists(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if source.photograph is None:
        artifacts.write_image(path, source.image(image_id))
        return
    path.symlink_to(
        os.path.relpath(source.photograph(image_id), path.parent.resolve())
    )
