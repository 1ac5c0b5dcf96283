"""How sure the differences between segmenters are."""

from collections.abc import Iterator, Mapping

from guided_segmentation.report import legend, numbers

_KINDS = {"miou": "", "miou_crf": ", with CRF"}
_TABLE = """<div class=scroll><table class="guides gains">
<thead><tr><th>Segmenter<th>val mIoU<th>over seeds only<th>% of full</tr>
</thead>
<tbody>{rows}</tbody></table></div>
<p class=key>In brackets 95 % intervals, from drawing the val images
again 1,000 times. Differences and shares are paired: both segmenters score the
same images. Bold is a difference whose interval leaves 0 out. They tell what
other images would change, not another training.</p>"""


def to_html(summary: Mapping) -> str:
    """Returns a table of gains over seeds only and shares of full.

    Args:
      summary: The content of summary.json.

    Returns:
      HTML, empty if nothing was compared.
    """
    rows = [
        f"<tr><th><i class=dot style='background:{legend.COLOURS[guide]}'></i>"
        f"{legend.NAMES[guide]}{kind}<td>{_score(summary, guide, key)}"
        f"<td>{difference(found.get('over_seeds_only'), 'b')}"
        f"<td>{_share(found)}</tr>"
        for key, kind, guide, found in _compared(summary)
    ]
    return _TABLE.format(rows="".join(rows)) if rows else ""


def lines(summary: Mapping) -> list[str]:
    """Returns a line for each gain over seeds only, for a terminal."""
    return [
        f"{guide} over seeds_only{kind}: {difference(found['over_seeds_only'])}"
        for _, kind, guide, found in _compared(summary)
        if "over_seeds_only" in found
    ]


def difference(found: Mapping | None, tag: str = "") -> str:
    """Returns a gain in points and its interval.

    Args:
      found: What bootstrap.difference returns; None if nothing was compared.
      tag: Of HTML, around a gain whose interval leaves 0 out.
    """
    found = found or {"difference": None, "interval": None}
    text = numbers.percent(found["difference"], sign="+")
    sure = found["interval"] and found["interval"][0] * found["interval"][1] > 0
    if tag and sure:
        text = f"<{tag}>{text}</{tag}>"
    return f"{text} {numbers.ends(found['interval'], sign='+')}".rstrip()


def _compared(summary: Mapping) -> Iterator[tuple[str, str, str, Mapping]]:
    for key, kind in _KINDS.items():
        for guide, found in summary.get("paired", {}).get(key, {}).items():
            yield key, kind, guide, found


def _score(summary: Mapping, guide: str, key: str) -> str:
    scores = summary["segmenters"][guide]
    return numbers.with_ends(scores.get(key), scores.get(f"{key}_interval"))


def _share(found: Mapping) -> str:
    share = found.get(
        "of_full_supervision", {"percent": None, "interval": None}
    )
    if share["percent"] is None:
        return numbers.NONE
    ends = [each / 100 for each in share["interval"]]
    return f"{share['percent']:.1f} {numbers.ends(ends)}"
