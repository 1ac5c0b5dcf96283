"""The pictures of one photograph as HTML, with legend and downloads."""

import dataclasses
from collections.abc import Sequence

import markupsafe
import numpy as np

from guided_segmentation import artifacts, guides, visualize
from guided_segmentation.demo import network_outputs
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.report import legend, templates

WELCOME = "Upload a photograph; every step to its label map appears here."
UNTAGGED = "Tick what the photograph shows; seeds and guide are made from it."
_QUALITY = 92
_MIN_HEIGHT_PX = 320  # Smaller photographs are enlarged to it, to look sharp.
_BACKGROUND_GREY = (144, 144, 144)  # Overlays leave background uncoloured.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One picture.

    Attributes:
      title: Name of the step.
      note: What the picture shows, in a few words.
      pixels: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices, for legend and download;
        None if the picture shows none.
    """

    title: str
    note: str
    pixels: np.ndarray
    label_map: np.ndarray | None = None


def figures(
    outputs: network_outputs.NetworkOutputs,
    evidence: guides.Evidence,
    guide: str,
    guide_map: np.ndarray | None,
    segmented: np.ndarray,
) -> list[Figure]:
    """Draws every step from a photograph to its label map.

    Args:
      outputs: The networks' outputs for the photograph.
      evidence: What the guide is made from.
      guide: Key of guides.GUIDES.
      guide_map: [height, width] uint8 label map of the guide; None where no
        tag is given, which leaves seeds and guide out.
      segmented: [height, width] uint8 label map of the segmenter.

    Returns:
      The pictures in the order of the steps.
    """
    image = outputs.image
    size = f"{image.shape[1]} \N{MULTIPLICATION SIGN} {image.shape[0]} pixels"
    saliency = visualize.heat(image, outputs.saliency_map)
    saliency[visualize.contours(evidence.saliency_mask)] = visualize.WHITE
    drawn = [
        Figure(title="Photograph", note=size, pixels=image),
        Figure(
            title="Saliency",
            note="light is salient; the line is the threshold",
            pixels=saliency,
        ),
        _labelled(
            image, "Segmenter", "its prediction, without tags", segmented
        ),
    ]
    if guide_map is not None:
        seeds = _labelled(image, "Seeds", "where objects are", evidence.seeds)
        title = f"Guide: {legend.NAMES[guide]}"
        extent = _labelled(image, title, "how far they extend", guide_map)
        drawn[1:1], drawn[3:3] = [seeds], [extent]
    return drawn


def to_html(
    drawn: Sequence[Figure], classes: Sequence[str], message: str = ""
) -> markupsafe.Markup:
    """Arranges pictures, with a legend of the classes that they show.

    Args:
      drawn: The pictures; at least one has a label map.
      classes: Names of all classes, by class index.
      message: A line above the pictures; "" for none.
    """
    maps = [each.label_map for each in drawn if each.label_map is not None]
    shown = np.unique(np.concatenate([each.ravel() for each in maps]))
    return templates.render(
        "demo/templates/gallery.html.jinja",
        message=message_html(message) if message else "",
        figures=[_figure(each) for each in drawn],
        legend=[_legend_item(index, classes) for index in shown.tolist()],
    )


def message_html(message: str, kind: str = "note") -> markupsafe.Markup:
    """Returns one line as HTML.

    Args:
      message: The text.
      kind: "note" or "problem".
    """
    return templates.render(
        "demo/templates/message.html.jinja", message=message, kind=kind
    )


def _labelled(
    image: np.ndarray, title: str, note: str, label_map: np.ndarray
) -> Figure:
    """Overlays a label map on its image."""
    return Figure(
        title=title,
        note=note,
        pixels=visualize.overlay(image, label_map),
        label_map=label_map,
    )


def _figure(figure: Figure) -> dict:
    """Returns what the template shows of a figure."""
    pixels = figure.pixels
    if pixels.shape[0] < _MIN_HEIGHT_PX:
        pixels = visualize.resize_to_height(pixels, _MIN_HEIGHT_PX)
    picture = visualize.jpeg(pixels, _QUALITY)
    download = None
    if figure.label_map is not None:
        name = figure.title.lower().replace(": ", "_").replace(" ", "_")
        content = artifacts.encode_label_map(figure.label_map)
        address = templates.data_uri("png", content)
        download = {"name": f"{name}.png", "address": address}
    return {
        "title": figure.title,
        "note": figure.note,
        "source": templates.data_uri("jpeg", picture),
        "download": download,
    }


def _legend_item(index: int, classes: Sequence[str]) -> dict:
    colour = visualize.colours(np.array([[index]], np.uint8))[0, 0].tolist()
    return {
        "name": "ignored" if index == IGNORE else classes[index],
        "colour": _BACKGROUND_GREY if index == BACKGROUND else colour,
    }
