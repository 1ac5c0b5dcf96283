"""A page of the masks that GrabCut makes, the most doubtful first."""

import pathlib
from collections.abc import Sequence

import cv2
import numpy as np

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.report import templates
from guided_segmentation.saliency import grabcut, quality

NUM_BINS = 20  # Of the histogram.
_RED = np.uint8(1)  # Class 1 of VOC's palette.
_PICTURE_PX = 200  # Height of a picture.
BOX_COLOUR = (255, 190, 0)  # RGB, as is the next.
_AVERAGE_COLOUR = (0, 220, 255)
_PLOT_PX = (600, 120)  # Width and height of the histogram.


def write_page(
    path: artifacts.Path,
    source: schema.Source,
    masks_dir: artifacts.Path,
    settings: grabcut.GrabCutSettings,
    num_pictures: int,
) -> None:
    """Writes the page, unless the file exists.

    Args:
      path: The HTML file.
      source: Photographs with boxes.
      masks_dir: Folder that grabcut.make_masks wrote.
      settings: The settings that the masks were made with.
      num_pictures: How many masks to show.

    Raises:
      FileNotFoundError: If an image has no mask.
    """
    if pathlib.Path(path).exists():
        return
    found = quality.rank_masks(source, masks_dir, settings)
    page = templates.render(
        "report/templates/masks_page.html.jinja",
        source_name=source.name,
        num_images=len(found),
        num_boxes=sum(each.is_box for each in found),
        settings=settings,
        histogram=_histogram([each.fraction for each in found]),
        masks=[
            _mask(each, source, masks_dir, settings)
            for each in found[:num_pictures]
        ],
    )
    artifacts.write_bytes(path, page.encode())


def _histogram(fractions: Sequence[float]) -> dict:
    """Counts masks by the fraction of the box that they fill.

    Args:
      fractions: Of the box that each mask fills, 0 to 1.

    Returns:
      The drawing's size, its bars with their titles, and its ticks, all in
      pixels.
    """
    counts, _ = np.histogram(fractions, NUM_BINS, (0, 1))
    width, height = _PLOT_PX
    bar_width = width / NUM_BINS
    bars = []
    for index, count in enumerate(counts.tolist()):
        low, high = (100 * (index + end) // NUM_BINS for end in (0, 1))
        bars.append(
            {
                "x": index * bar_width,
                "height": height * count / counts.max(),
                "title": f"{low} to {high} %: {count}",
            }
        )
    ticks = [
        {"x": width * percent / 100, "percent": percent}
        for percent in range(0, 101, 20)
    ]
    return {
        "width": width,
        "height": height,
        "bar_width": bar_width - 2,
        "bars": bars,
        "ticks": ticks,
    }


def _mask(
    found: quality.Quality,
    source: schema.Source,
    masks_dir: artifacts.Path,
    settings: grabcut.GrabCutSettings,
) -> dict:
    """Returns two pictures of an image, boxes and mask, and its quality."""
    image, boxes = source.image(found.image_id), source.boxes(found.image_id)
    average = grabcut.average_box(boxes, settings.average)
    outlined = image.copy()
    draw_box(outlined, average, _AVERAGE_COLOUR, 3)
    for box in boxes:
        draw_box(outlined, box, BOX_COLOUR, 1)
    mask = quality.read_mask(masks_dir, found.image_id)
    painted = visualize.overlay(image, mask * _RED, 0.5)
    return {
        "image_id": found.image_id,
        "quality": found,
        "sources": [_source(picture) for picture in (outlined, painted)],
    }


def draw_box(
    picture: np.ndarray,
    box: np.ndarray,
    colour: tuple[int, int, int],
    line_px: int,
) -> None:
    """Draws a half-open box into a [height, width, 3] uint8 picture."""
    top, left, bottom, right = map(int, box)
    ends = (left, top), (right - 1, bottom - 1)
    cv2.rectangle(picture, *ends, colour, line_px)


def _source(picture: np.ndarray) -> str:
    """Encodes a [height, width, 3] uint8 picture as the URI of a JPEG."""
    content = visualize.jpeg(visualize.resize_to_height(picture, _PICTURE_PX))
    return templates.data_uri("jpeg", content)
