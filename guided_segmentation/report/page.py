"""The report's page: header, sections, and the file."""

from collections.abc import Iterator, Mapping, Sequence

import markupsafe

from guided_segmentation import artifacts
from guided_segmentation.report import (
    class_bars,
    confusions,
    gains,
    gallery,
    legend,
    numbers,
    paper,
    table_2,
    templates,
)
from guided_segmentation.report.strips import Strip

TITLES = {
    "train": "Guides, on training images",
    "val": "Predictions, on validation images",
}
_COMPARED = {
    "guides": "Segmenters trained on different guides",
    "seeders": "Seeders",
    "crf_rows": "CRFs and saliency",
}
_NOTES = {
    "train": "As in the paper's figures 6 and 11: what a guide is made from, "
    "and the guide.",
    "val": "As the lower half of the paper's figures 7, 12 and 13, which show "
    "training images.",
}


def write(
    path: artifacts.Path,
    summary: Mapping,
    evaluations: Mapping[str, Mapping[str, Mapping]],
    strips: Mapping[str, Sequence[Strip]],
    sections: Mapping[str, markupsafe.Markup] | None = None,
    matrices: Mapping[str, bytes] | None = None,
) -> None:
    """Writes the report of an experiment.

    Args:
      path: The HTML file.
      summary: The content of summary.json.
      evaluations: By "guides" and "segmenters", the evaluations by name of
        guide, each with the IoU of each class.
      strips: The pictures by "train" and "val".
      sections: More sections by title, shown first; as report.sections
        returns them.
      matrices: Confusion matrices of segmenters, PNG files by guide.
    """
    shown = dict(sections or {})
    if summary["guides"]:
        shown |= _comparison(summary, evaluations, matrices or {})
    for split, found in strips.items():
        if found:
            shown[TITLES[split]] = gallery.to_html(found, _NOTES[split])
    compared = next(name for key, name in _COMPARED.items() if summary.get(key))
    page = templates.render(
        "report/templates/page.html.jinja",
        compared=compared,
        tiles=list(_tiles(summary)),
        sections={title: each for title, each in shown.items() if each.strip()},
        stages=_stages(summary),
        versions=summary["versions"],
        commands=list(summary["settings"].values()),
    )
    artifacts.write_bytes(path, page.encode())


def _comparison(
    summary: Mapping, evaluations: Mapping, matrices: Mapping[str, bytes]
) -> dict[str, markupsafe.Markup]:
    """Returns the sections that compare guides, by title."""
    return {
        "Comparison of guides": table_2.to_html(summary),
        "Confidence intervals": gains.to_html(summary),
        "IoU of each class": class_bars.to_html(
            evaluations["segmenters"], evaluations["guides"]
        ),
        "Confusion matrices, val": confusions.to_html(matrices),
    }


def _tiles(summary: Mapping) -> Iterator[dict[str, str]]:
    """Yields the main results: a title, a value and a note."""
    for guide in ("g2", "full"):
        if scores := summary["segmenters"].get(guide):
            interval = numbers.interval(scores.get("miou_interval"))
            yield {
                "title": legend.NAMES[guide],
                "value": numbers.percent(scores["miou"]),
                "note": f"val mIoU {interval}",
            }
    yield from _of_full_supervision(summary["segmenters"])
    if saliency := summary["guides"].get("g2", {}).get("saliency"):
        yield {
            "title": "Saliency",
            "value": numbers.percent(saliency["iou"]),
            "note": "IoU with the objects",
        }
    yield {
        "title": "Time",
        "value": numbers.duration(sum(summary["seconds"].values())),
        "note": f"{len(summary['seconds'])} stages",
    }


def _of_full_supervision(segmenters: Mapping) -> Iterator[dict[str, str]]:
    """Yields G2's percentage without and with CRF, beside the paper's.

    The paper has no full supervision without CRF to compare with.
    """
    published = paper.PUBLISHED_PERCENT_OF_FULL_SUPERVISION_CRF
    notes = {
        "miou": "val, without CRF",
        "miou_crf": f"val, with CRF; paper: {published}\N{THIN SPACE}%",
    }
    for key, note in notes.items():
        percent = table_2.percent_of_full_supervision(segmenters, "g2", key)
        if percent is not None:
            yield {
                "title": "G2 of full supervision",
                "value": f"{percent:.1f}\N{THIN SPACE}%",
                "note": note,
            }


def _stages(summary: Mapping) -> list[dict]:
    """Returns the duration of each stage, also relative to the longest."""
    longest = max(summary["seconds"].values()) or 1
    return [
        {
            "name": name,
            "duration": numbers.duration(seconds),
            "fraction": seconds / longest,
            "reused": name in summary["reused"],
        }
        for name, seconds in summary["seconds"].items()
    ]
