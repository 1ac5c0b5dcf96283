"""The page: title, sections, and the file."""

import html
from collections.abc import Mapping, Sequence

from guided_segmentation import artifacts
from guided_segmentation.report import (
    class_bars,
    confusions,
    gains,
    gallery,
    legend,
    numbers,
    paper,
    style,
    table_2,
)
from guided_segmentation.report.strips import Strip

TITLES = {
    "train": "Guides, on images learned from",
    "val": "Predictions, on images never seen",
}
_COMPARED = {
    "guides": "Segmenters that learn from different guides",
    "seeders": "Seeders",
    "crf_rows": "CRFs and saliency",
}
_NOTES = {
    "train": """As in the paper's figures 6 and 11: what a guide is made from,
and what comes of it.""",
    "val": """As the lower half of the paper's figures 7, 12 and 13, which show
images learned from.""",
}
_PAGE = """<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1">
<title>From image labels to a segmenter</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""

_PAPER_SHARE = f"paper: {paper.PERCENT_OF_FULL}&thinsp;%"


def write(
    path: artifacts.Path,
    summary: Mapping,
    evaluations: Mapping[str, Mapping[str, Mapping]],
    strips: Mapping[str, Sequence[Strip]],
    sections: Mapping[str, str] | None = None,
    matrices: Mapping[str, bytes] | None = None,
) -> None:
    """Writes the report of an experiment.

    Args:
      path: The HTML file.
      summary: The content of summary.json.
      evaluations: By "guides" and "segmenters", the evaluations by name of
        guide, each with the IoU of each class.
      strips: The pictures by "train" and "val".
      sections: More HTML by title, shown first.
      matrices: Pictures of segmenters' confusion matrices, PNG by guide.
    """
    shown = dict(sections or {})
    if summary["guides"]:
        bars = class_bars.draw(evaluations["segmenters"], evaluations["guides"])
        mistakes = confusions.to_html(matrices or {})
        shown["Guides compared"] = table_2.to_html(summary)
        shown["How sure the differences are"] = gains.to_html(summary)
        shown["IoU of each class"] = bars
        shown["What is taken for what, on val"] = mistakes
    body = [
        _head(summary),
        *(_section(*each) for each in shown.items() if each[1]),
        *(
            _section(TITLES[split], gallery.to_html(found, _NOTES[split]))
            for split, found in strips.items()
            if found
        ),
        _section("Time", _times(summary)),
        _section("Settings", _settings(summary)),
    ]
    page = _PAGE.format(style=style.STYLE, body="\n".join(body))
    artifacts.write_bytes(path, page.encode())


def _section(title: str, content: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>\n{content}</section>"


def _head(summary: Mapping) -> str:
    """Returns title and the figures one looks for first."""
    segmenters = summary["segmenters"]
    tiles = [
        (
            legend.NAMES[guide],
            numbers.percent(segmenters[guide]["miou"]),
            f"val mIoU {numbers.ends(segmenters[guide].get('miou_interval'))}",
        )
        for guide in ("g2", "full_supervision")
        if guide in segmenters
    ]
    if summary["percent_of_full_supervision"] is not None:
        share = f"{summary['percent_of_full_supervision']:.1f}"
        tiles.append(("G2 of full", f"{share}&thinsp;%", _PAPER_SHARE))
    saliency = summary["guides"].get("g2", {}).get("saliency")
    if saliency:
        tiles.append(
            (
                "Saliency",
                numbers.percent(saliency["iou"]),
                "IoU with the objects",
            )
        )
    total = numbers.duration(sum(summary["seconds"].values()))
    tiles.append(("Time", total, f"{len(summary['seconds'])} stages"))
    cards = "".join(
        f"<div class=tile><span>{name}</span><b>{value}</b><i>{unit}</i></div>"
        for name, value, unit in tiles
    )
    compared = next(name for key, name in _COMPARED.items() if summary.get(key))
    return (
        "<header><h1>From image labels to a segmenter</h1>"
        f"<p>{compared}, compared as in Oh et al., CVPR 2017.</p>"
        f"<div class=tiles>{cards}</div></header>"
    )


def _times(summary: Mapping) -> str:
    """Returns a bar for each stage's seconds; beside the longest is room."""
    longest = max(summary["seconds"].values()) or 1
    rows = "".join(
        f"<tr><th>{html.escape(name)}<td>{numbers.duration(seconds)}"
        f"<td class=wide><i class=bar style='width:"
        f"{80 * seconds / longest:.2f}%'></i>"
        f"{'reused' if name in summary['reused'] else ''}</tr>"
        for name, seconds in summary["seconds"].items()
    )
    return f"<table class=times>{rows}</table>"


def _settings(summary: Mapping) -> str:
    """Returns versions and commands, the latter folded away."""
    versions = " · ".join(
        f"{name}&nbsp;{html.escape(version)}"
        for name, version in summary["versions"].items()
    )
    commands = "\n\n".join(summary["settings"].values())
    return (
        f"<p>{versions}</p><details><summary>Commands of the stages</summary>"
        f"<pre>{html.escape(commands)}</pre></details>"
    )
