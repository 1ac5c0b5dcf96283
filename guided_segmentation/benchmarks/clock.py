"""Times several functions in turn, and summarizes the measurements."""

import time
from collections.abc import Callable, Mapping

import numpy as np


def measure(
    parts: Mapping[str, Callable[[], None]], num_images: int, repeats: int
) -> dict[str, list[float]]:
    """Times functions in turn: the first call of each, then the second, ...

    Load from other programs thus slows all of them alike.

    Args:
      parts: By name, functions that process `num_images` images.
      num_images: Number of images that one call processes.
      repeats: Number of calls of each function.

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


def summarize(measurements: Mapping[str, list[float]]) -> dict:
    """Returns medians, and the speed of the first part relative to the others.

    Args:
      measurements: What `measure` returns.

    Returns:
      A dictionary of `images_per_second`, the medians by name,
      `times_as_fast`, the median of the first part divided by that of each
      other one, and `measurements`.
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
    """Returns percentiles of the latency of a call, in milliseconds.

    Args:
      rates: Images per second of each call.
      num_images: Number of images that one call processes.

    Returns:
      The percentiles "p50" and "p99".
    """
    milliseconds = 1e3 * num_images / np.array(rates)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {"p50": float(p50), "p99": float(p99)}
