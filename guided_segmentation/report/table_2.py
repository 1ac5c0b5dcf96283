"""The table of guides: this run beside the paper's tables 2 and 3."""

from collections.abc import Mapping

import markupsafe

from guided_segmentation.report import (
    columns,
    gains,
    legend,
    numbers,
    paper,
    templates,
)

_FOOTNOTE_MARKS = "†‡§¶"


def percent_of_full_supervision(
    segmenters: Mapping[str, Mapping[str, float]],
    guide: str,
    key: str = "miou",
) -> float | None:
    """Returns a guide's mIoU as a percentage of full supervision's.

    Args:
      segmenters: By name of guide, the scores of the segmenter.
      guide: Name of the guide.
      key: "miou", or "miou_crf" with crf-postproc.

    Returns:
      The percentage; None if either was not measured, or if full supervision
      scores 0.
    """
    score = segmenters.get(guide, {}).get(key)
    full = segmenters.get("full_supervision", {}).get(key)
    return 100 * score / full if score is not None and full else None


def text(summary: Mapping) -> str:
    """Returns the table of guides and the gains as text, for a terminal.

    Args:
      summary: The content of summary.json.
    """
    header = "guide|fg P/R|bg P/R|guide mIoU|ignored|val mIoU|% of full"
    scored = ["miou"]
    if _has_crf(summary):
        header += "|with CRF|% of full"
        scored.append("miou_crf")
    header += "|paper: fg P/R|val mIoU|with CRF"
    rows = [header.split("|")]
    for guide in summary["guides"]:
        rows.append([guide, *_guide_cells(summary, guide)])
        for key in scored:
            rows[-1] += _segmenter_cells(summary, guide, key)
        row = paper.PUBLISHED[guide]
        rows[-1] += map(_published, (row.fg, row.miou, row.miou_crf))
    lines = columns.aligned(rows)
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, *gains.lines(summary)])


def to_html(summary: Mapping) -> markupsafe.Markup:
    """Returns this run's table beside the paper's, and its footnotes.

    Args:
      summary: The content of summary.json.
    """
    notes = dict.fromkeys(paper.PUBLISHED[x].note for x in summary["guides"])
    marks = dict(zip(filter(None, notes), _FOOTNOTE_MARKS, strict=False))
    return templates.render(
        "report/templates/table_2.html.jinja",
        with_crf=_has_crf(summary),
        rows=[_row(summary, guide, marks) for guide in summary["guides"]],
        footnotes=[(mark, note) for note, mark in marks.items()],
    )


def _row(summary: Mapping, guide: str, marks: Mapping[str, str]) -> dict:
    published = paper.PUBLISHED[guide]
    scores = summary["segmenters"][guide]
    return {
        **legend.item(guide),
        "guide_cells": _guide_cells(summary, guide),
        "miou": _score(scores, "miou"),
        "miou_crf": _score(scores, "miou_crf"),
        "bar_percent": 100 * (scores["miou"] or 0),
        "percent_of_full": _segmenter_cells(summary, guide)[1],
        "published_fg": _published(published.fg),
        "published_bg": _published(published.bg),
        "footnote": marks.get(published.note, ""),
        "published_miou": _published(published.miou),
        "published_miou_crf": _published(published.miou_crf),
    }


def _published(figure: float | tuple[int, int] | None) -> str:
    """Formats a figure or a pair of figures as the paper prints it."""
    if isinstance(figure, tuple):
        return "{}/{}".format(*figure)
    return numbers.DASH if figure is None else f"{figure}"


def _score(scores: Mapping, key: str) -> dict[str, str]:
    """Formats a score and its interval."""
    return {
        "percent": numbers.percent(scores.get(key)),
        "interval": numbers.interval(scores.get(f"{key}_interval")),
    }


def _guide_cells(summary: Mapping, guide: str) -> list[str]:
    scores = summary["guides"][guide]
    return [
        numbers.precision_and_recall(scores["fg"]),
        numbers.precision_and_recall(scores["bg"]),
        numbers.percent(scores["miou"]),
        numbers.percent(scores["ignored"]),
    ]


def _has_crf(summary: Mapping) -> bool:
    return any("miou_crf" in row for row in summary["segmenters"].values())


def _segmenter_cells(
    summary: Mapping, guide: str, key: str = "miou"
) -> list[str]:
    segmenters = summary["segmenters"]
    percent = percent_of_full_supervision(segmenters, guide, key)
    return [
        numbers.percent(segmenters[guide].get(key)),
        numbers.DASH if percent is None else f"{percent:.1f}",
    ]
