"""Rows of pictures, as in the paper's figures 6, 7 and 11 to 13."""

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.report import legend


@dataclasses.dataclass(frozen=True)
class Strip:
    """A row of pictures of one image, as in the paper's figure 7.

    Attributes:
      image_id: Name of the image.
      objects: Class index and name of each object present.
      pictures: [height, width, 3] uint8 RGB by caption.
    """

    image_id: str
    objects: tuple[tuple[int, str], ...]
    pictures: Mapping[str, np.ndarray]


def guide_strips(
    source: schema.Source,
    guide_dirs: Mapping[str, artifacts.Path],
    seeds_dir: artifacts.Path | None,
    saliency_dir: artifacts.Path | None,
    count: int,
) -> list[Strip]:
    """Shows image, seeds, saliency, guides and truth of some images.

    Args:
      source: The split that the guides label.
      guide_dirs: Folder of label maps by name of guide.
      seeds_dir: Folder of seeds, if there are any.
      saliency_dir: Folder of saliency maps, if there are any.
      count: How many images, at even distances; fewer if there are fewer.

    Raises:
      FileNotFoundError: If an image lacks a map that others have.
    """
    # Seen beside the seeds and the truth, these two would show nothing new.
    shown = {
        guide: folder
        for guide, folder in guide_dirs.items()
        if guide not in ("seeds_only", "full")
    }
    strips = []
    for image_id in _some(source, guide_dirs, count):
        image = source.image(image_id)
        pictures = {"Image": image}
        if seeds_dir is not None:
            pictures["Seeds"] = _labelled(image, seeds_dir, image_id)
        if saliency_dir is not None:
            path = pathlib.Path(saliency_dir, f"{image_id}.png")
            saliency_map = artifacts.read_saliency_map(path)
            pictures["Saliency"] = visualize.heat(image, saliency_map)
        for guide, folder in shown.items():
            pictures[legend.NAMES[guide]] = _labelled(image, folder, image_id)
        strips.append(_strip(source, image_id, image, pictures))
    return strips


def prediction_strips(
    source: schema.Source,
    prediction_dirs: Mapping[str, artifacts.Path],
    count: int,
) -> list[Strip]:
    """Shows image, predictions and truth of some images.

    Args:
      source: The split that was segmented.
      prediction_dirs: Folder of label maps by name of guide.
      count: How many images, at even distances; fewer if there are fewer.

    Raises:
      FileNotFoundError: If an image lacks a prediction that others have.
    """
    strips = []
    for image_id in _some(source, prediction_dirs, count):
        image = source.image(image_id)
        pictures = {"Image": image}
        for guide, folder in prediction_dirs.items():
            pictures[legend.NAMES[guide]] = _labelled(image, folder, image_id)
        strips.append(_strip(source, image_id, image, pictures))
    return strips


def _some(
    source: schema.Source, folders: Mapping[str, artifacts.Path], count: int
) -> list[str]:
    """Picks ids at even distances out of those that have a map."""
    folder = pathlib.Path(next(iter(folders.values())))
    ids = [
        image_id
        for image_id in source.image_ids
        if (folder / f"{image_id}.png").is_file()
    ]
    count = min(count, len(ids))
    return [ids[index * len(ids) // count] for index in range(count)]


def _labelled(
    image: np.ndarray, folder: artifacts.Path, image_id: str
) -> np.ndarray:
    path = pathlib.Path(folder, f"{image_id}.png")
    return visualize.overlay(image, artifacts.read_label_map(path))


def _strip(
    source: schema.Source,
    image_id: str,
    image: np.ndarray,
    pictures: dict[str, np.ndarray],
) -> Strip:
    """Adds the truth, if there is one, and the names of the objects."""
    if source.label_map is not None:
        truth = source.label_map(image_id)
        pictures["Truth"] = visualize.overlay(image, truth)
    present = source.image_labels(image_id)
    objects = tuple(
        (index + 1, source.label_set.objects[index])
        for index in np.flatnonzero(present).tolist()
    )
    return Strip(image_id, objects, pictures)
