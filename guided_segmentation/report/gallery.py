"""Strips of pictures as HTML."""

import base64
import html
from collections.abc import Sequence

import numpy as np

from guided_segmentation import labels, visualize
from guided_segmentation.report.strips import Strip

_PICTURE_PX = 220  # Height of a picture in the file.


def to_html(strips: Sequence[Strip]) -> str:
    """Lays strips in columns that have one heading each."""
    columns = len(strips[0].pictures)
    heads = "".join(
        f"<b>{html.escape(caption)}</b>" for caption in strips[0].pictures
    )
    rows = "".join(map(_strip_row, strips))
    return (
        f"<p class=key>White is ignored. Where there is no colour is "
        f"background.</p><div class=strips style='grid-template-columns:"
        f"repeat({columns},1fr)'>{heads}{rows}</div>"
    )


def _strip_row(strip: Strip) -> str:
    pictures = "".join(
        f"<img alt='{html.escape(f'{caption} of {strip.image_id}', True)}' "
        f"src='{_inline(picture)}'>"
        for caption, picture in strip.pictures.items()
    )
    objects = "".join(
        f"<span><i class=dot style='background:{_hex(index)}'></i>"
        f"{html.escape(name)}</span>"
        for index, name in strip.objects
    )
    return (
        f"{pictures}<p class=caption><code>{html.escape(strip.image_id)}</code>"
        f"{objects}</p>"
    )


def _inline(picture: np.ndarray) -> str:
    content = visualize.jpeg(visualize.scaled(picture, _PICTURE_PX))
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _hex(index: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*labels.palette()[index])
