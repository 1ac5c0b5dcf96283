"""How figures are printed."""

from collections.abc import Mapping

NONE = "\N{EN DASH}"  # For what was not measured.


def percent(share: float | None) -> str:
    """Returns a share in per cent, with one decimal."""
    return NONE if share is None else f"{100 * share:.1f}"


def pair(scores: Mapping[str, float | None]) -> str:
    """Returns precision and recall in whole per cent, as in Table 2."""
    return "/".join(
        NONE if scores[key] is None else f"{100 * scores[key]:.0f}"
        for key in ("precision", "recall")
    )
