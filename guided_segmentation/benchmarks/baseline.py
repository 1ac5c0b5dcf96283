"""Compares the results of two benchmarks: what became slower beyond noise."""

import numpy as np

TOLERANCE = 0.95  # Slower than this times the baseline is worth a line.
_QUANTILE = 0.9


def slower(results: dict, baseline: dict) -> list[str]:
    """Returns a line for everything that became slower.

    On the machine of the baseline every part is compared with itself. The
    speed of another machine says nothing, so that there only the factors
    between parts of one suite are compared, which both took side by side.

    A part is slower if nine of ten pairs of a measurement now and one then
    are below TOLERANCE.

    Args:
      results: What `benchmarks.run` returns.
      baseline: The same, from earlier code.
    """
    is_same = results["machine"] == baseline["machine"]
    is_same &= results["settings"] == baseline["settings"]
    is_same &= results["data"] == baseline["data"]
    lines = []
    for suite, found in results["suites"].items():
        before = baseline["suites"].get(suite)
        if before is None:
            continue
        series, what = (
            (_rates, "") if is_same else (_factors, " relative to the first")
        )
        now, then = series(found), series(before)
        for name in now.keys() & then.keys():
            factor = _factor(now[name], then[name])
            if factor < TOLERANCE:
                lines.append(
                    f"{suite}: {name} has {factor:.2f} times the speed of "
                    f"the baseline{what}"
                )
    return sorted(lines)


def _factor(now: list[float], then: list[float]) -> float:
    """Speed now over then; the optimistic end of what noise allows."""
    pairs = np.divide.outer(np.asarray(now), np.asarray(then))
    return float(np.quantile(pairs, _QUANTILE))


def _rates(found: dict) -> dict[str, list[float]]:
    return found["measurements"]


def _factors(found: dict) -> dict[str, list[float]]:
    """Measurements of each part but the first, divided by the first's."""
    first, *others = found["measurements"].items()
    return {
        name: np.divide(rates, first[1]).tolist()
        for name, rates in others
        if len(rates) == len(first[1])
    }
