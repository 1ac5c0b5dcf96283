"""How figures are printed."""

from collections.abc import Mapping, Sequence

NONE = "\N{EN DASH}"  # For what was not measured.


def percent(share: float | None, sign: str = "") -> str:
    """Returns a share in per cent, with one decimal; "+" writes its sign."""
    return NONE if share is None else format(100 * share, f"{sign}.1f")


def ends(interval: Sequence[float] | None, sign: str = "") -> str:
    """Returns the ends of an interval in brackets, nothing for none."""
    if interval is None:
        return ""
    low, high = (percent(each, sign) for each in interval)
    return f"[{low}, {high}]"


def with_ends(share: float | None, interval: Sequence[float] | None) -> str:
    """Returns a share in per cent and, if there is one, its interval."""
    return f"{percent(share)} {ends(interval)}".rstrip()


def pair(scores: Mapping[str, float | None]) -> str:
    """Returns precision and recall in whole per cent, as in Table 2."""
    return "/".join(
        NONE if scores[key] is None else f"{100 * scores[key]:.0f}"
        for key in ("precision", "recall")
    )


def duration(seconds: float) -> str:
    """Returns a time for people, e.g. "1 h 02 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
