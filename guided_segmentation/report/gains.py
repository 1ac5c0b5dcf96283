"""Differences between segmenters, with confidence intervals."""

from collections.abc import Iterator, Mapping

import markupsafe

from guided_segmentation.report import legend, numbers, templates

_SUFFIXES = {"miou": "", "miou_crf": ", with CRF"}


def to_html(summary: Mapping) -> markupsafe.Markup:
    """Returns a table of gains over seeds only and percentages of full.

    Args:
      summary: The content of summary.json.

    Returns:
      HTML, empty if nothing was compared.
    """
    rows = [
        {
            **legend.item(guide),
            "suffix": suffix,
            "miou": _miou(summary, guide, key),
            "gain": _gain(found.get("over_seeds_only")),
            "percent_of_full": _percent_of_full(found),
        }
        for key, suffix, guide, found in _compared(summary)
    ]
    return templates.render("report/templates/gains.html.jinja", rows=rows)


def lines(summary: Mapping) -> list[str]:
    """Returns a line for each gain over seeds only, for a terminal.

    Args:
      summary: The content of summary.json.
    """
    return [
        f"{guide} over seeds_only{suffix}: "
        f"{difference(found['over_seeds_only'])}"
        for _, suffix, guide, found in _compared(summary)
        if "over_seeds_only" in found
    ]


def difference(found: Mapping | None) -> str:
    """Returns a gain in percentage points and its interval.

    Args:
      found: What bootstrap.difference returns; None if nothing was compared.
    """
    gain = _gain(found)
    return f"{gain['points']} {gain['interval']}".rstrip()


def _gain(found: Mapping | None) -> dict:
    """Formats a gain, and tells whether its interval excludes 0."""
    found = found or {"difference": None, "interval": None}
    ends = found["interval"]
    return {
        "points": numbers.percent(found["difference"], sign="+"),
        "interval": numbers.interval(ends, sign="+"),
        "excludes_zero": bool(ends) and ends[0] * ends[1] > 0,
    }


def _compared(summary: Mapping) -> Iterator[tuple[str, str, str, Mapping]]:
    """Yields the score's key and suffix, the guide, and its comparisons."""
    for key, suffix in _SUFFIXES.items():
        for guide, found in summary.get("paired", {}).get(key, {}).items():
            yield key, suffix, guide, found


def _miou(summary: Mapping, guide: str, key: str) -> str:
    scores = summary["segmenters"][guide]
    return numbers.percent_with_interval(
        scores.get(key), scores.get(f"{key}_interval")
    )


def _percent_of_full(found: Mapping) -> str:
    ratio = found.get("of_full_supervision", {"percent": None})
    if ratio["percent"] is None:
        return numbers.DASH
    fractions = [end / 100 for end in ratio["interval"]]
    return f"{ratio['percent']:.1f} {numbers.interval(fractions)}"
