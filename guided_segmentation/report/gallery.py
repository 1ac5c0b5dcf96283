"""Strips of pictures as HTML: a contact sheet."""

import base64
import html
from collections.abc import Sequence

import numpy as np

from guided_segmentation import labels, visualize
from guided_segmentation.report import numbers
from guided_segmentation.report.strips import Picture, Strip

_PICTURE_PX = 220  # Height of a picture in the file.
_QUALITY = 85
_KEY = """The figure under a label map is its IoU with the truth, the mean over
the classes in either. Images come at even distances from the list of the split;
where G2 was scored image by image, the two highest and the two lowest by this
figure follow. White is ignored; where there is no colour is background."""


def to_html(strips: Sequence[Strip], note: str) -> str:
    """Lays strips in columns that have one heading each.

    Args:
      strips: Those chosen for one reason follow each other.
      note: What the pictures are, for the line above them.
    """
    columns = list(strips[0].pictures)
    heads = "".join(f"<b>{html.escape(caption)}</b>" for caption in columns)
    rows, why = [], None
    for strip in strips:
        if strip.why != why:
            rows.append(f"<h3>{strip.why}</h3>")
            why = strip.why
        rows.append(_row(strip))
    return (
        f"<p class=key>{note} {_KEY}</p>"
        f"<div class=strips style='grid-template-columns:"
        f"repeat({len(columns)},1fr)'>{heads}{''.join(rows)}</div>"
    )


def _row(strip: Strip) -> str:
    """A line of pictures and, with CRF, a second one below it."""
    plain = "".join(_cell(strip, *item) for item in strip.pictures.items())
    if not strip.with_crf:
        return f"{plain}<p class=caption>{_name(strip)}</p>"
    refined = "".join(
        _cell(strip, caption, strip.with_crf[caption], " with CRF")
        if caption in strip.with_crf
        else "<span></span>"
        for caption in list(strip.pictures)[1:]
    )
    arrow = "<em>with CRF \N{RIGHTWARDS ARROW}</em>"
    name = f"<p class=beside>{_name(strip)}{arrow}</p>"
    return f"{plain}{name}{refined}<hr>"


def _cell(strip: Strip, caption: str, picture: Picture, how: str = "") -> str:
    alt = html.escape(f"{caption}{how} of {strip.image_id}", True)
    iou = "" if picture.iou is None else numbers.percent(picture.iou)
    return (
        f"<figure><img alt='{alt}' src='{_inline(picture.pixels)}'>"
        f"<figcaption>{iou}</figcaption></figure>"
    )


def _name(strip: Strip) -> str:
    """The image's name and its objects in their colours."""
    objects = "".join(
        f"<span><i class=dot style='background:{_hex(index)}'></i>"
        f"{html.escape(name)}</span>"
        for index, name in strip.objects
    )
    return f"<code>{html.escape(strip.image_id)}</code>{objects}"


def _inline(pixels: np.ndarray) -> str:
    content = visualize.jpeg(visualize.scaled(pixels, _PICTURE_PX), _QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _hex(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*labels.palette()[index])
