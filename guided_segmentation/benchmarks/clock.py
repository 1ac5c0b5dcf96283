"""Times parts in turn, so that a busy machine slows all of them."""

import time
from collections.abc import Callable, Mapping

import numpy as np


def measure(
    parts: Mapping[str, Callable[[], None]], num_images: int, repeats: int
) -> dict[str, list[float]]:
    """Times parts in turn: the first of each, the second of each, and so on.

    Args:
      parts: By name, what works through `num_images` images when called.
      num_images: Images of one call.
      repeats: Calls of each part.

    Returns:
      By name, images per second of each call.
    """
    found = {name: [] for name in parts}
    for _ in range(repeats):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            found[name].append(num_images / (time.perf_counter() - start))
    return found


def compared(measurements: Mapping[str, list[float]]) -> dict:
    """Returns medians by part, and how many times as fast the first one is.

    Args:
      measurements: What `measure` returns.
    """
    medians = {k: float(np.median(v)) for k, v in measurements.items()}
    first, *others = medians
    factors = {name: medians[first] / medians[name] for name in others}
    return {
        "images_per_second": medians,
        "times_as_fast": factors,
        "measurements": measurements,
    }


def latency_ms(rates: list[float], num_images: int) -> dict[str, float]:
    """Returns the percentiles p50 and p99 of the milliseconds of a call.

    Args:
      rates: Images per second of each call.
      num_images: Images of one call.
    """
    milliseconds = 1e3 * num_images / np.array(rates)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {"p50": float(p50), "p99": float(p99)}
