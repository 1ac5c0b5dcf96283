"""How numbers are printed."""

from collections.abc import Mapping, Sequence

DASH = "\N{EN DASH}"  # For what was not measured.


def percent(fraction: float | None, sign: str = "") -> str:
    """Returns a fraction in percent, with one decimal.

    Args:
      fraction: A dash is returned for None.
      sign: "+" writes the sign of positive numbers too.
    """
    return DASH if fraction is None else format(100 * fraction, f"{sign}.1f")


def interval(ends: Sequence[float] | None, sign: str = "") -> str:
    """Returns an interval in percent and in brackets.

    Args:
      ends: The lower and the upper end, fractions; "" is returned for None.
      sign: "+" writes the sign of positive numbers too.
    """
    if ends is None:
        return ""
    low, high = (percent(end, sign) for end in ends)
    return f"[{low}, {high}]"


def percent_with_interval(
    fraction: float | None, ends: Sequence[float] | None
) -> str:
    """Returns a fraction in percent and, if there is one, its interval.

    Args:
      fraction: A dash is returned for None.
      ends: The lower and the upper end of the interval, fractions.
    """
    return f"{percent(fraction)} {interval(ends)}".rstrip()


def precision_and_recall(scores: Mapping[str, float | None]) -> str:
    """Returns precision and recall in whole percent, as in Table 2.

    Args:
      scores: The fractions "precision" and "recall".
    """
    return "/".join(
        DASH if scores[key] is None else f"{100 * scores[key]:.0f}"
        for key in ("precision", "recall")
    )


def duration(seconds: float) -> str:
    """Returns a duration to be read by people, e.g. "1 h 02 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def rounded(seconds: float) -> str:
    """Returns an estimate of a duration: whole minutes, or 10 s at least.

    Example:
      >>> rounded(3), rounded(44), rounded(95), rounded(5000)
      ('10 s', '40 s', '2 min', '1 h 23 min')
    """
    if seconds < 60:
        return f"{max(10, round(seconds, -1)):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"
