"""The pictures of one photograph as HTML, with legend and downloads."""

import base64
import dataclasses
import html
from collections.abc import Sequence

import numpy as np

from guided_segmentation import artifacts, guides, visualize
from guided_segmentation.demo import pipeline
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.report import legend

WELCOME = "Drop a photograph: every step to its label map will show here."
UNTAGGED = "Tick what the photograph shows: seeds and guide are made from it."
_QUALITY = 92
_EDGE_PX = 320  # Height that smaller photographs are brought to, for sharpness.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One picture.

    Attributes:
      title: What it is.
      note: What to see in it, in a few words.
      pixels: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8, for the legend and to download; None
        where it shows none.
    """

    title: str
    note: str
    pixels: np.ndarray
    label_map: np.ndarray | None = None


def figures(
    outputs: pipeline.NetworkOutputs,
    evidence: guides.Evidence,
    guide: str,
    guide_map: np.ndarray | None,
    segmented: np.ndarray,
) -> list[Figure]:
    """Draws every step from a photograph to its label map.

    Args:
      outputs: What the networks see.
      evidence: What the guide is made from.
      guide: Key of guides.GUIDES.
      guide_map: [height, width] uint8 label map of the guide; None where no
        object is named, which leaves seeds and guide out.
      segmented: [height, width] uint8 label map of the segmenter.

    Returns:
      The pictures in the order of the work.
    """
    image = outputs.image
    size = f"{image.shape[1]} \N{MULTIPLICATION SIGN} {image.shape[0]} pixels"
    warmth = visualize.heat(image, outputs.saliency_map)
    warmth[visualize.contours(evidence.saliency_mask)] = visualize.WHITE
    drawn = [
        Figure(title="Photograph", note=size, pixels=image),
        Figure(
            title="Saliency",
            note="light stands out; the line is the threshold",
            pixels=warmth,
        ),
        _labelled(image, "Segmenter", "its answer, without tags", segmented),
    ]
    if guide_map is not None:
        where = _labelled(image, "Seeds", "where objects are", evidence.seeds)
        title = f"Guide: {legend.NAMES[guide]}"
        far = _labelled(image, title, "where they reach", guide_map)
        drawn[1:1], drawn[3:3] = [where], [far]
    return drawn


def to_html(
    drawn: Sequence[Figure], classes: Sequence[str], message: str = ""
) -> str:
    """Lays pictures out, with the names of the colours that they show.

    Args:
      drawn: The pictures.
      classes: Names of all classes, by class index.
      message: A line above the pictures, for what is still wanted.
    """
    maps = [each.label_map for each in drawn if each.label_map is not None]
    shown = np.unique(np.concatenate([each.ravel() for each in maps]))
    key = "".join(_key(index, classes) for index in shown)
    cells = "".join(map(_cell, drawn))
    return (
        f"{say(message) if message else ''}<div class=gallery>{cells}"
        f"<ul class=legend>{key}</ul></div>"
    )


def say(message: str, kind: str = "note") -> str:
    """Returns one line as HTML: a "note", or a "problem"."""
    role = "alert" if kind == "problem" else "status"
    return f"<p class={kind} role={role}>{html.escape(message)}</p>"


def _labelled(image, title, note, label_map):
    return Figure(
        title=title,
        note=note,
        pixels=visualize.overlay(image, label_map),
        label_map=label_map,
    )


def _cell(figure: Figure) -> str:
    title = html.escape(figure.title, True)
    pixels = figure.pixels
    if pixels.shape[0] < _EDGE_PX:
        pixels = visualize.scaled(pixels, _EDGE_PX)
    source = _inline("jpeg", visualize.jpeg(pixels, _QUALITY))
    return (
        f"<figure><img alt='{title}' src='{source}'><figcaption><b>{title}</b> "
        f"{_download(figure)}<br><span>{html.escape(figure.note)}</span>"
        f"</figcaption></figure>"
    )


def _download(figure: Figure) -> str:
    if figure.label_map is None:
        return ""
    content = artifacts.encode_label_map(figure.label_map)
    name = figure.title.lower().replace(": ", "_").replace(" ", "_")
    return (
        f"<a download='{name}.png' href='{_inline('png', content)}' "
        f"title='Label map as palette PNG'>PNG</a>"
    )


def _key(index: int, classes: Sequence[str]) -> str:
    name = "ignored" if index == IGNORE else classes[index]
    colour = visualize.colours(np.array([[index]], np.uint8))[0, 0].tolist()
    grey = [144, 144, 144]  # The background has no colour: the photograph's.
    red, green, blue = colour if index != BACKGROUND else grey
    return (
        f"<li><i style='background:rgb({red},{green},{blue})'></i>"
        f"{html.escape(name)}</li>"
    )


def _inline(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
