"""Suite "crf": dense CRFs in worker processes, beside one at a time."""

import collections
import functools
import time

import numpy as np

from guided_segmentation import crf
from guided_segmentation.benchmarks import clock, simulation
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.labels import IGNORE

SIMULATED = (2, 16)  # Numbers of workers.
_SURE = 0.7  # Probability of the true class.
_REPEATED = 1000  # Images of the simulation; the measured ones repeat.


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures crf-postproc of the images in workers and in this process.

    Args:
      source: Images with ground truth, from which probabilities are derived.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize, `num_workers`, and `of_linear`: by number
      of workers what simulation.fraction_of_linear makes of the processor
      time of each CRF and of the process that hands images out, so that load
      from other programs does not count.
    """
    count = crf.default_num_workers()
    problems = [
        (source.image(each), _probabilities(source, each))
        for each in source.image_ids
    ]
    with crf.use_workers(count):
        run(problems)  # Starts the workers.
        parts = {
            "in_workers": functools.partial(run, problems),
            "in_process": functools.partial(_run_in_process, problems),
        }
        found = clock.measure(parts, len(problems), settings.repeats)
        overhead = _seconds(run, problems) / len(problems)
    service = [_seconds(_run_in_process, [each]) for each in problems]
    return {
        **clock.summarize(found),
        "num_workers": count,
        "of_linear": _simulated(service, overhead if count else 0.0),
        "references": {"in_workers": "in_process"},
    }


def _simulated(service: list[float], overhead: float) -> dict[str, float]:
    """Returns the fraction of linear speed-up by number of workers."""
    service = service * -(-_REPEATED // len(service))
    return {
        str(count): simulation.fraction_of_linear(service, overhead, count)
        for count in SIMULATED
    }


def _seconds(function, problems) -> float:
    """Returns the time of this process's processors, not of its workers."""
    start = time.process_time()
    function(problems)
    return time.process_time() - start


def run(problems: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Refines all problems, side by side if there are workers.

    Args:
      problems: [height, width, 3] uint8 RGB images and [height, width,
        num_classes] float32 probabilities.
    """
    refined = crf.map_in_order(lambda each: crf.postprocess(*each), problems)
    collections.deque(refined, maxlen=0)


def _run_in_process(problems) -> None:
    with crf.use_workers(0):
        run(problems)


def _probabilities(source: schema.Source, image_id: str) -> np.ndarray:
    """Returns [height, width, num_classes] float32, unsure about the truth."""
    truth = source.label_map(image_id)
    num_classes = source.label_set.num_classes
    rest = (1 - _SURE) / max(1, num_classes - 1)
    found = np.full((*truth.shape, num_classes), rest, np.float32)
    for index in range(num_classes):
        found[truth == index, index] = _SURE
    found[truth == IGNORE] = 1 / num_classes
    return found
