"""The photographs of images in VOC's folder JPEGImages."""

import pathlib
from collections.abc import Mapping, Sequence

from guided_segmentation import artifacts
from guided_segmentation.datasets import image_checks, image_files
from guided_segmentation.errors import InputError


def find(
    root: pathlib.Path,
    image_ids: Sequence[str],
    listed_in: artifacts.Path,
    names: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, pathlib.Path]:
    """Finds the photographs of images in JPEGImages.

    Args:
      root: The folder that holds JPEGImages.
      image_ids: Ids of the images.
      listed_in: The file that lists them, for the message.
      names: What image_files.names_by_stem returns of JPEGImages, if it is
        known.

    Returns:
      Files of any of image_files.ENDINGS by image id, in the order given.

    Raises:
      FileNotFoundError: If a photograph is missing.
      ValueError: If one image has two photographs.
    """
    folder = root / "JPEGImages"
    if names is None:
        names = image_files.names_by_stem(folder, image_files.ENDINGS)
    for image_id in image_ids:
        if len(names.get(image_id, ())) > 1:
            raise InputError(
                f"{folder}: {' and '.join(names[image_id])} would share the "
                f"image id {image_id!r}; rename one"
            )
    photographs = {
        name: folder / names.get(name, [f"{name}.jpg"])[0] for name in image_ids
    }
    image_checks.require_existing(photographs, listed_in)
    return photographs
