"""A page of the masks that GrabCut makes, the most doubtful first."""

import base64
import html
import pathlib
from collections.abc import Sequence

import cv2
import numpy as np

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets import schema
from guided_segmentation.saliency import grabcut, quality

NUM_BINS = 20  # Of the histogram.
_RED = np.uint8(1)  # Class 1 of VOC's palette.
_PICTURE_PX = 200  # Height of a picture.
_BOX_COLOUR = (255, 190, 0)
_AVERAGE_COLOUR = (0, 220, 255)
_PLOT_PX = (600, 120)
_PAGE = """<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>Masks from boxes</title>
<style>
body { max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px;
  color: #1c2530; font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 28px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 36px 0 8px; }
p { color: #5d6875; margin: 0 0 10px; max-width: 760px; }
svg { font: 11px system-ui, sans-serif; max-width: 100%%; }
svg text { fill: #5d6875; text-anchor: middle; }
main { display: flex; flex-wrap: wrap; gap: 20px 24px; }
figure { margin: 0; }
figure img { display: inline-block; height: 150px; margin-right: 4px; }
figcaption { font-size: 12px; color: #5d6875; }
figcaption code { color: #1c2530; margin-right: 8px; }
b { color: #b3261e; font-weight: 600; }
</style>
</head>
<body>
<h1>Masks from boxes</h1>
<p>%s</p>
<h2>How much of its box a mask fills</h2>
%s
<h2>The most doubtful first</h2>
<p>Boxes of the annotators are yellow, their average is light blue; the mask is
red. Behind each name: how much of the box the mask fills, and how much of the
outline of the box it touches.</p>
<main>%s</main>
</body>
</html>
"""


def write_page(
    path: artifacts.Path,
    source: schema.Source,
    masks_dir: artifacts.Path,
    settings: grabcut.GrabCutSettings,
    num_pictures: int,
) -> None:
    """Writes the page, unless it is there.

    Args:
      path: The HTML file.
      source: Photographs with boxes.
      masks_dir: What grabcut.make_masks wrote.
      settings: As they were made.
      num_pictures: How many masks to show.

    Raises:
      FileNotFoundError: If an image has no mask.
    """
    if pathlib.Path(path).exists():
        return
    found = quality.of_masks(source, masks_dir, settings)
    figures = [
        _figure(each, source, masks_dir, settings)
        for each in found[:num_pictures]
    ]
    page = _PAGE % (
        _summary(found, source, settings),
        _histogram([each.fraction for each in found]),
        "\n".join(figures),
    )
    artifacts.write_bytes(path, page.encode())


def _summary(found, source, settings):
    boxes = sum(each.is_box for each in found)
    return (
        f"{len(found)} photographs of {html.escape(source.name)}. GrabCut, "
        f"{settings.num_steps} steps inside the {settings.average} of the "
        f"annotators' boxes; a mask that fills less than "
        f"{settings.min_fraction:.0%} of its box becomes the box. Of "
        f"the masks {boxes} are the whole box ({boxes / len(found):.1%})."
    )


def _histogram(shares: Sequence[float]) -> str:
    """Draws how many masks fill which share of their box."""
    counts, _ = np.histogram(shares, NUM_BINS, (0, 1))
    width, height = _PLOT_PX
    bar = width / NUM_BINS
    parts = []
    for index, count in enumerate(counts.tolist()):
        tall = height * count / counts.max()
        low, high = (100 * (index + end) // NUM_BINS for end in (0, 1))
        parts.append(
            f"<rect x={index * bar:.1f} y={height - tall:.1f} "
            f"width={bar - 2:.1f} height={tall:.1f} fill='#4c83b8'><title>"
            f"{low} to {high} %: {count}</title></rect>"
        )
    for percent in range(0, 101, 20):
        x = width * percent / 100
        parts.append(f"<text x={x:.0f} y={height + 14}>{percent} %</text>")
    return (
        f"<svg viewBox='-16 0 {width + 32} {height + 20}' width={width + 32} "
        f"role=img aria-label='Histogram'>{''.join(parts)}</svg>"
    )


def _figure(found, source, masks_dir, settings):
    image_id = found.image_id
    image, boxes = source.image(image_id), source.boxes(image_id)
    average = grabcut.average_box(boxes, settings.average)
    outlined = image.copy()
    _draw_box(outlined, average, _AVERAGE_COLOUR, 3)
    for box in boxes:
        _draw_box(outlined, box, _BOX_COLOUR, 1)
    painted = visualize.overlay(
        image, quality.read_mask(masks_dir, image_id) * _RED, 0.5
    )
    pictures = "".join(map(_inline, (outlined, painted)))
    return (
        f"<figure>{pictures}<figcaption><code>{html.escape(image_id)}</code>"
        f"{'<b>the whole box</b> ' if found.is_box else ''}"
        f"{found.fraction:.0%} of the box, {found.outline:.0%} of its outline"
        f"</figcaption></figure>"
    )


def _draw_box(picture, box, colour, width):
    top, left, bottom, right = map(int, box)
    ends = (left, top), (right - 1, bottom - 1)
    cv2.rectangle(picture, *ends, colour, width)


def _inline(picture):
    content = visualize.jpeg(visualize.scaled(picture, _PICTURE_PX))
    text = base64.b64encode(content).decode()
    return f"<img alt='' src='data:image/jpeg;base64,{text}'>"
