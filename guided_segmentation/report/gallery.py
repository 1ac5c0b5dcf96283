"""Rows of pictures as HTML, one row for each image."""

from collections.abc import Iterator, Mapping, Sequence

import markupsafe
import numpy as np

from guided_segmentation import labels, visualize
from guided_segmentation.report import numbers, templates
from guided_segmentation.report.strips import Picture, Strip

_PICTURE_PX = 220  # Height of a picture in the file.
_QUALITY = 85


def to_html(strips: Sequence[Strip], note: str) -> markupsafe.Markup:
    """Arranges strips in columns that share one heading each.

    Args:
      strips: Those chosen for the same reason follow each other.
      note: What the pictures are, for the line above them.
    """
    return templates.render(
        "report/templates/gallery.html.jinja",
        note=note,
        captions=list(strips[0].pictures),
        strips=[_strip(strip) for strip in strips],
    )


def _strip(strip: Strip) -> dict:
    """Returns what the template shows of a strip."""
    objects = [
        {"name": name, "colour": _hex(index)} for index, name in strip.objects
    ]
    return {
        "image_id": strip.image_id,
        "why": strip.why,
        "objects": objects,
        "pictures": list(_pictures(strip.pictures, strip.pictures)),
        "with_crf": list(_pictures(strip.with_crf, list(strip.pictures)[1:]))
        if strip.with_crf
        else [],
    }


def _pictures(
    pictures: Mapping[str, Picture], captions: Sequence[str]
) -> Iterator[dict | None]:
    """Yields a picture for each caption, None where there is none."""
    for caption in captions:
        picture = pictures.get(caption)
        yield picture and {
            "caption": caption,
            "source": _source(picture.pixels),
            "iou": "" if picture.iou is None else numbers.percent(picture.iou),
        }


def _source(pixels: np.ndarray) -> str:
    """Encodes [height, width, 3] uint8 RGB pixels as the URI of a JPEG."""
    content = visualize.jpeg(
        visualize.resize_to_height(pixels, _PICTURE_PX), _QUALITY
    )
    return templates.data_uri("jpeg", content)


def _hex(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*labels.palette()[index])
