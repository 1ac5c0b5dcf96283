"""The table of guides: this run beside the paper's tables 2 and 3."""

from collections.abc import Mapping

from guided_segmentation.report import columns, gains, legend, numbers, paper

_MARKS = "†‡§¶"

_TABLE_2 = """<div class=scroll><table class=guides>
<thead>
<tr><th><th colspan=2>Supervision<th colspan=2>Guide, train
<th colspan={span}>Segmenter, val<th colspan=4 class=paper>The paper</tr>
<tr><th>Guide<th>Fg P/R<th>Bg P/R<th>mIoU<th>ignored<th>mIoU{crf}
<th>% of full<th class=paper>Fg P/R<th class=paper>Bg P/R
<th class=paper>val mIoU<th class=paper>with CRF</tr>
</thead>
<tbody>
{rows}</tbody>
</table></div>{notes}"""


def percent_of_full_supervision(
    segmenters: Mapping[str, Mapping[str, float]],
    guide: str,
    key: str = "miou",
) -> float | None:
    """Returns a guide's mIoU as a percentage of full supervision's.

    Args:
      segmenters: By name of guide, what the segmenter reached, with its miou.
      guide: Name of the guide.
      key: "miou", or "miou_crf" with crf-postproc.

    Returns:
      The percentage, or None if either was not measured or full has none.
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
            rows[-1] += _val_cells(summary, guide, key)
        printed = paper.ROWS[guide]
        rows[-1] += map(_printed, (printed.fg, printed.miou, printed.miou_crf))
    lines = columns.aligned(rows)
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, *gains.lines(summary)])


def to_html(summary: Mapping) -> str:
    """Returns this run's table beside the paper's, and its footnotes."""
    notes = dict.fromkeys(paper.ROWS[x].note for x in summary["guides"])
    marks = dict(zip(filter(None, notes), _MARKS, strict=False))
    with_crf = _has_crf(summary)
    rows = "".join(
        _row(summary, guide, marks.get(paper.ROWS[guide].note, ""), with_crf)
        for guide in summary["guides"]
    )
    feet = "".join(
        f"<p class=foot>{m} {note}.</p>" for note, m in marks.items()
    )
    return _TABLE_2.format(
        span=2 + with_crf,
        crf="<th>with CRF" if with_crf else "",
        rows=rows,
        notes=feet,
    )


def _row(summary: Mapping, guide: str, mark: str, with_crf: bool) -> str:
    printed = paper.ROWS[guide]
    guide_cells = _guide_cells(summary, guide)
    share = _val_cells(summary, guide)[1]
    miou, crf = (
        _with_ends(summary["segmenters"][guide], key)
        for key in ("miou", "miou_crf")
    )
    bar = 100 * (summary["segmenters"][guide]["miou"] or 0)
    colour = legend.COLOURS[guide]
    return "".join(
        [
            f"<tr class={guide}><th><i class=dot style='background:{colour}'>",
            f"</i>{legend.NAMES[guide]}",
            *(f"<td>{cell}" for cell in guide_cells),
            "<td class=main style='background-image:linear-gradient(90deg,"
            f"{colour}2e {bar:.1f}%,transparent {bar:.1f}%)'>{miou}",
            f"<td>{crf}" if with_crf else "",
            f"<td>{share}<td class=paper>{_printed(printed.fg)}",
            f"<td class=paper>{_printed(printed.bg)}<sup>{mark}</sup>",
            f"<td class=paper>{_printed(printed.miou)}",
            f"<td class=paper>{_printed(printed.miou_crf)}</tr>\n",
        ]
    )


def _printed(figure: float | tuple[int, int] | None) -> str:
    """Writes a figure or a pair of them as the paper does."""
    if isinstance(figure, tuple):
        return "{}/{}".format(*figure)
    return numbers.NONE if figure is None else f"{figure}"


def _with_ends(scores: Mapping, key: str) -> str:
    """A score and, small, its interval."""
    ends = numbers.ends(scores.get(f"{key}_interval"))
    small = ends and f"<small>{ends}</small>"
    return f"{numbers.percent(scores.get(key))}{small}"


def _guide_cells(summary: Mapping, guide: str) -> list[str]:
    scores = summary["guides"][guide]
    return [
        numbers.pair(scores["fg"]),
        numbers.pair(scores["bg"]),
        numbers.percent(scores["miou"]),
        numbers.percent(scores["ignored"]),
    ]


def _has_crf(summary: Mapping) -> bool:
    return any("miou_crf" in row for row in summary["segmenters"].values())


def _val_cells(summary: Mapping, guide: str, key: str = "miou") -> list[str]:
    share = percent_of_full_supervision(summary["segmenters"], guide, key)
    return [
        numbers.percent(summary["segmenters"][guide].get(key)),
        numbers.NONE if share is None else f"{share:.1f}",
    ]
