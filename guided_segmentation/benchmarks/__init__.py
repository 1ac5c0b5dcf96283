"""Benchmarks: how many images a second the costly parts do.

Every suite measures the code that trains or serves, on the images it is given,
several times over; parts that are compared take turns, so that a busy machine
slows both. A module a suite.
"""

import dataclasses
import os
import pathlib
import platform
from collections.abc import Iterable

import cv2
import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.benchmarks import (
    crf_loss_suite,
    formats_suite,
    guide_suite,
    input_suite,
    seed_suite,
    serving_suite,
)
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema

SUITES = {
    "guides": guide_suite.measure,
    "input": input_suite.measure,
    "crf_loss": crf_loss_suite.measure,
    "seeds": seed_suite.measure,
    "serving": serving_suite.measure,
    "formats": formats_suite.measure,
}


def run(
    names: Iterable[str],
    source: schema.Source,
    settings: BenchmarkSettings = DEFAULTS,
) -> dict:
    """Runs suites and says on what.

    Args:
      names: Keys of SUITES.
      source: Photographs with truth.
      settings: Of all suites.

    Returns:
      As JSON: machine, versions, settings, data, and under `suites` by name
      the median `images_per_second` of its parts, how many `times_as_fast`
      the first is as each other one, the `measurements` behind the medians,
      and what else the suite says.

    Raises:
      ValueError: If the source has no truth.
    """
    if source.label_map is None:
        raise ValueError(
            f"{source.name} has no true label maps, from which benchmarks "
            f"derive seeds and saliency; choose another data set"
        )
    return {
        "machine": {"cpu": _cpu(), "cores": os.cpu_count()},
        "versions": _versions(),
        "settings": dataclasses.asdict(settings),
        "data": {"name": source.name, "images": len(source.image_ids)},
        "suites": {name: SUITES[name](source, settings) for name in names},
    }


def table(results: dict) -> str:
    """Renders the outcome of `run` for people."""
    machine, data = results["machine"], results["data"]
    settings = results["settings"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores; {data['images']} images "
        f"of {data['name']}; medians of {settings['repeats']}, of what serves "
        f"of {settings['requests']}"
    ]
    for name, found in results["suites"].items():
        lines.append(name)
        rates = found["images_per_second"]
        lines += [f"  {k:22}{v:10.1f} images/s" for k, v in rates.items()]
        first = next(iter(rates))
        lines += [
            f"  {first} is {factor:.1f} times as fast as {name}"
            for name, factor in found["times_as_fast"].items()
        ]
        if "images_with_crf" in found:
            share = found["images_with_crf"]
            lines.append(f"  the CRF runs in {share:.0%} of the images")
        lines += _of_serving(found)
    return "\n".join(lines)


def _cpu():
    """The model of the processor, as far as the system tells."""
    info = pathlib.Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [li.split(":")[1].strip() for li in lines if "model name" in li]
    return next(iter(models), platform.machine())


def _versions():
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _of_serving(found):
    """Lines of what only the suites of serving tell."""
    for name, each in found.get("latency_ms", {}).items():
        yield f"  {name:22}{each['p50']:10.1f} ms p50{each['p99']:9.1f} ms p99"
    for size, ratio in found.get("servable_to_bare", {}).items():
        yield f"  batch {size}: the servable has {ratio:.2f} of the throughput"
    for name, size in found.get("size_bytes", {}).items():
        yield (
            f"  {name:22}{size / 1e6:10.2f} MB, "
            f"mIoU {found['miou'][name]:.3f}, "
            f"{found['same_label'][name]:.2%} same labels, largest difference "
            f"{found['max_difference'][name]:.1g}"
        )
