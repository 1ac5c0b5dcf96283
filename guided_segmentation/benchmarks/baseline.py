"""Compares the results of two benchmarks: what became slower beyond noise."""

import numpy as np

TOLERANCE = 0.95  # Slower than this times the baseline is worth a line.
# The same beside a reference: caches and vector units differ by machine.
ELSEWHERE = 0.75
_QUANTILE = 0.9


def slower(results: dict, baseline: dict) -> list[str]:
    """Returns a line for everything that became slower.

    On the machine of the baseline every part is compared with itself. The
    speed of another machine says nothing, so that there only factors between
    parts of one suite are compared, which were measured side by side: of each
    part that the suite's `references` pair with another, such as G2 with its
    plain version, or else of each part and the first.

    A part is slower if nine of ten pairs of a measurement now and one then
    are below TOLERANCE, on another machine below ELSEWHERE.

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
        series = _rates if is_same else _factors
        now, then = series(found), series(before)
        for name in now.keys() & then.keys():
            factor = _factor(now[name], then[name])
            if factor < (TOLERANCE if is_same else ELSEWHERE):
                what = "" if is_same else f" relative to {_other(found, name)}"
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
    """Measurements of each part, divided by those of its reference."""
    rates = found["measurements"]
    first = next(iter(rates))
    names = found.get("references") or [name for name in rates if name != first]
    pairs = {name: (rates[name], rates[_other(found, name)]) for name in names}
    return {
        name: np.divide(part, other).tolist()
        for name, (part, other) in pairs.items()
        if len(part) == len(other)
    }


def _other(found: dict, name: str) -> str:
    """Returns the part with which another is compared."""
    first = next(iter(found["measurements"]))
    return found.get("references", {}).get(name, first)
