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
        f"<td>{_gain(found, 'b')}<td>{_share(found)}</tr>"
        for key, kind, guide, found in _compared(summary)
    ]
    return _TABLE.format(rows="".join(rows)) if rows else ""


def lines(summary: Mapping) -> list[str]:
    """Returns a line for each gain over seeds only, for a terminal."""
    return [
        f"{guide} over seeds_only{kind}: {_gain(found)}"
        for _, kind, guide, found in _compared(summary)
        if "over_seeds_only" in found
    ]


def _compared(summary: Mapping) -> Iterator[tuple[str, str, str, Mapping]]:
    for key, kind in _KINDS.items():
        for guide, found in summary.get("paired", {}).get(key, {}).items():
            yield key, kind, guide, found


def _score(summary: Mapping, guide: str, key: str) -> str:
    scores = summary["segmenters"][guide]
    ends = numbers.ends(scores.get(f"{key}_interval"))
    return f"{numbers.percent(scores.get(key))} {ends}"


def _gain(found: Mapping, tag: str = "") -> str:
    gain = found.get("over_seeds_only", {"difference": None, "interval": None})
    text = numbers.percent(gain["difference"], sign="+")
    sure = gain["interval"] and gain["interval"][0] * gain["interval"][1] > 0
    if tag and sure:
        text = f"<{tag}>{text}</{tag}>"
    return f"{text} {numbers.ends(gain['interval'], sign='+')}".rstrip()


def _share(found: Mapping) -> str:
    share = found.get("of_full", {"percent": None, "interval": None})
    if share["percent"] is None:
        return numbers.NONE
    ends = [each / 100 for each in share["interval"]]
    return f"{share['percent']:.1f} {numbers.ends(ends)}"
