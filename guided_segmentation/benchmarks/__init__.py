"""Benchmarks: throughput of training, guides, seeds and serving.

Each suite is a module. It measures the code that trains or serves several
times on given images. Parts that are compared take turns, so that load from
other programs slows all of them alike.
"""

import dataclasses
import pathlib
import platform
from collections.abc import Iterable
from importlib import metadata

import cv2
import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import cores
from guided_segmentation.benchmarks import (
    crf_loss_suite,
    crf_suite,
    formats_suite,
    guide_suite,
    input_suite,
    predict_suite,
    seed_suite,
    serving_suite,
    train_suite,
)
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

SUITES = {
    "guides": guide_suite.measure,
    "crf": crf_suite.measure,
    "input": input_suite.measure,
    "train": train_suite.measure,
    "crf_loss": crf_loss_suite.measure,
    "predict": predict_suite.measure,
    "seeds": seed_suite.measure,
    "serving": serving_suite.measure,
    "formats": formats_suite.measure,
}


def run(
    names: Iterable[str],
    source: schema.Source,
    settings: BenchmarkSettings = DEFAULTS,
    *,
    leave_out: bool = False,
) -> dict:
    """Runs suites, and records on which machine and data.

    Args:
      names: Keys of SUITES.
      source: Images with ground truth.
      settings: Settings of all suites.
      leave_out: Whether suites that lack data or a package are left out,
        instead of ending the run.

    Returns:
      A dictionary for JSON: `machine`, `versions`, `settings`, `data`,
      `suites`, by name what their `measure` returns, and `left_out`, by name
      why.

    Raises:
      ValueError: If the source has no ground truth.
    """
    if source.label_map is None:
        raise InputError(
            f"{source.name}: wanted ground truth, from which benchmarks derive "
            f"seeds and saliency, found none; choose another data set"
        )
    found, left_out = {}, {}
    for name in names:
        try:
            found[name] = SUITES[name](source, settings)
        except (InputError, FileNotFoundError) as error:
            if not leave_out:
                raise
            left_out[name] = str(error)
    return {
        "machine": _machine(),
        "versions": _versions(),
        "settings": dataclasses.asdict(settings),
        "data": {"name": source.name, "images": len(source.image_ids)},
        "suites": found,
        "left_out": left_out,
    }


def table(results: dict) -> str:
    """Returns the results of `run` as text for a terminal.

    Args:
      results: What `run` returns, or the JSON file made of it.
    """
    machine, data = results["machine"], results["data"]
    settings = results["settings"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores; {data['images']} images "
        f"of {data['name']}; medians of {settings['repeats']} measurements "
        f"(serving, formats: {settings['requests']})"
    ]
    for suite, found in results["suites"].items():
        lines.append(suite)
        rates = found["images_per_second"]
        lines += [f"  {k:22}{v:10.1f} images/s" for k, v in rates.items()]
        first = next(iter(rates))
        lines += [
            f"  {first} is {factor:.1f} times as fast as {name}"
            for name, factor in found["times_as_fast"].items()
        ]
        if "images_with_crf" in found:
            fraction = found["images_with_crf"]
            lines.append(f"  the CRF runs in {fraction:.0%} of the images")
        lines += [
            f"  {group}: G2 is {ratio:.1f} times as fast as the plain version"
            for group, ratio in found.get("g2_to_plain", {}).items()
        ]
        lines += [
            f"  {name}: a step takes {ratio:.3f} times that of guides_from_disk"
            for name, ratio in found.get("step_to_guides_from_disk", {}).items()
        ]
        lines += [
            f"  {name}: a step takes {ratio:.3f} times a bare one's CPU time"
            for name, ratio in found.get("cpu_to_bare", {}).items()
        ]
        lines += [
            f"  {count} workers: {fraction:.2f} of linear, simulated"
            for count, fraction in found.get("of_linear", {}).items()
        ]
        lines += _serving_lines(found)
    for suite, reason in results.get("left_out", {}).items():
        lines.append(f"left out: {suite} ({reason})")
    return "\n".join(lines)


def _machine():
    """Returns the processor's model, or its architecture if unknown, etc."""
    info = pathlib.Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    models = [
        line.split(":")[1].strip()
        for line in text.splitlines()
        if "model name" in line
    ]
    return {
        "cpu": next(iter(models), platform.machine()),
        "cores": cores.count(),
        "avx512_bf16": "avx512_bf16" in text,
    }


def _versions():
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pydensecrf2": metadata.version("pydensecrf2"),
    }


def _serving_lines(found):
    """Returns lines for results that only "serving" and "formats" have."""
    for name, each in found.get("latency_ms", {}).items():
        yield f"  {name:22}{each['p50']:10.1f} ms p50{each['p99']:9.1f} ms p99"
    for size, ratio in found.get("servable_to_bare", {}).items():
        yield (
            f"  batch {size}: the servable has {ratio:.2f} times the "
            f"throughput of bare Keras"
        )
    for name, size in found.get("size_bytes", {}).items():
        yield (
            f"  {name:22}{size / 1e6:10.2f} MB, "
            f"mIoU {found['miou'][name]:.3f}, "
            f"{found['same_label'][name]:.2%} same labels, largest difference "
            f"{found['max_difference'][name]:.1g}"
        )
