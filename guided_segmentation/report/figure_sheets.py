"""The paper's figures of photographs, as contact sheets.

Source: Oh et al., CVPR 2017, Figure 8 (score maps of the GAP networks) and
Figures 7, 12 and 13 (all steps on training images).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.report import strips
from guided_segmentation.seeders import seeds

Row = dict[str, np.ndarray]


def evenly(image_ids: Sequence[str], count: int) -> list[str]:
    """Returns images at equal intervals, all of them if there are fewer.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    count = min(count, len(image_ids))
    return [image_ids[i * len(image_ids) // count] for i in range(count)]


def score_maps(
    source: schema.Source,
    image_ids: Sequence[str],
    seeders: Mapping[str, Callable[[np.ndarray, np.ndarray], tuple]],
) -> Iterator[Row]:
    """Yields a row for each object of each image: one heat map a seeder.

    A heat map is light at the maximum of its object's score; negative scores
    are as dark as 0.

    Args:
      source: Photographs and their image-level labels.
      image_ids: Which images.
      seeders: By caption; as cam.seeder makes them.

    Yields:
      The photograph, the heat maps and the truth, if there is one, [height,
      width, 3] uint8 RGB by caption.
    """
    for image_id in image_ids:
        image = source.image(image_id)
        objects = np.flatnonzero(source.image_labels(image_id))
        indices = objects.astype(np.int32)
        maps = {
            caption: seeds.normalized(np.asarray(seeder(image, indices)[0]))
            for caption, seeder in seeders.items()
        }
        truth = source.label_map and source.label_map(image_id)
        for index, number in enumerate(objects):
            row = {f"{image_id}: {source.label_set.objects[number]}": image}
            for caption, found in maps.items():
                row[caption] = visualize.heat(image, found[..., index])
            if truth is not None:
                row["Truth"] = visualize.overlay(image, truth)
            yield row


def steps(
    source: schema.Source,
    image_ids: Sequence[str],
    folders: Mapping[str, artifacts.Path],
) -> Iterator[Row]:
    """Yields a row for each image: the maps of all steps, and the truth.

    Ignored pixels are white.

    Args:
      source: The images.
      image_ids: Which of them.
      folders: Folders of label maps by caption; strips.SALIENCY is that of
        saliency maps.

    Yields:
      The photograph and the maps over it, [height, width, 3] uint8 RGB by
      caption; a label map's caption has its IoU with the truth, if there is
      one.

    Raises:
      FileNotFoundError: If an image has no map in one of the folders.
    """
    for folder in folders.values():
        missing = artifacts.missing(image_ids, folder)
        if missing:
            raise FileNotFoundError(
                f"{folder}: wanted a map of each image to show, found none of "
                f"{', '.join(missing)}; make them, or choose other images"
            )
    for image_id in image_ids:
        pictures = strips.step_strip(source, image_id, folders).pictures
        image, *others = pictures.items()
        yield {
            image_id: image[1].pixels,
            **{_caption(*each): each[1].pixels for each in others},
        }


def _caption(name: str, picture: strips.Picture) -> str:
    if picture.iou is None:
        return name
    return f"{name}  {100 * picture.iou:.0f}"
