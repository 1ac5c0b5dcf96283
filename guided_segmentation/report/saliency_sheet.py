"""A contact sheet of saliency maps beside their photographs and boxes.

Source: Oh et al., CVPR 2017, figures 4, 5, 9 and 10.
"""

import numpy as np

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.report import masks_page
from guided_segmentation.saliency import detector

_IMAGES_A_ROW = 3


def write(
    path: artifacts.Path,
    source: schema.Source,
    saliency_dir: artifacts.Path,
    num_pictures: int,
) -> None:
    """Writes a PNG of photographs, with boxes if there are, and their maps.

    Args:
      path: The PNG file.
      source: Photographs; the boxes of all annotators are drawn.
      saliency_dir: Folder of <image_id>.png saliency maps.
      num_pictures: How many photographs to show, at least one; evenly spread
        over those of `source`.

    Raises:
      FileNotFoundError: If a photograph has no map.
    """
    shown = evenly_spread(source.image_ids, num_pictures)
    rows = []
    for first in range(0, len(shown), _IMAGES_A_ROW):
        row: dict[str, np.ndarray] = {}
        for image_id in shown[first : first + _IMAGES_A_ROW]:
            row |= _pictures(source, image_id, saliency_dir)
        rows.append(row)
    artifacts.write_image(path, visualize.contact_sheet(rows))


def evenly_spread(image_ids: tuple[str, ...], count: int) -> list[str]:
    """Chooses images from the first to the last in even steps.

    >>> evenly_spread(("a", "b", "c", "d", "e"), 3)
    ['a', 'c', 'e']

    Args:
      image_ids: At least one.
      count: How many to choose; all if there are fewer.
    """
    count = min(count, len(image_ids))
    places = np.linspace(0, len(image_ids) - 1, count).round().astype(int)
    return [image_ids[place] for place in places]


def _pictures(
    source: schema.Source, image_id: str, saliency_dir: artifacts.Path
) -> dict[str, np.ndarray]:
    """The photograph with its boxes, and its saliency map, by caption."""
    image = source.image(image_id)
    path = artifacts.to_path(saliency_dir, f"{image_id}.png")
    saliency_map = detector.read_relative(path)
    outlined = image.copy()
    for box in source.boxes(image_id) if source.boxes else ():
        masks_page.draw_box(outlined, box, masks_page.BOX_COLOUR, 2)
    return {
        image_id: outlined,
        f"saliency of {image_id}": visualize.heat(image, saliency_map),
    }
