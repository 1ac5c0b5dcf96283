"""Suite "predict": a folder of photographs through a segmenter, in batches."""

import dataclasses
import functools
import pathlib
import tempfile
import time
from collections.abc import Callable

import cv2
import numpy as np

from guided_segmentation import artifacts, segmenter
from guided_segmentation.benchmarks import clock, segmenters
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.networks import batches, dense_predictor, prediction
from guided_segmentation.segmenter import decision

_Part = Callable[[], None]


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures label maps of JPEG files, from file to file.

    "bare" is the network alone on frames that are ready, in batches of
    batches.default_size. "pipeline" is what bin/segment_images runs, without
    CRF. "one_by_one" reads, predicts, decides and writes one photograph after
    the other. The network is that of the suite "serving".

    Args:
      source: Images.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize, `batch_size`, `pipeline_to_bare`, the
      median ratio of their throughputs, and `cpu_ms`, by part the median time
      of all cores for an image, which load from other programs changes little.
    """
    network, trained = segmenters.load(source, settings, settings.precision)
    size = batches.default_size()
    with tempfile.TemporaryDirectory() as folder:
        files = _on_disk(source, pathlib.Path(folder, "photographs"))
        predictor = dense_predictor.as_trained(network, trained)
        parts = {
            "bare": _bare(predictor, files, size),
            "pipeline": _writing(
                functools.partial(_pipeline, predictor, files), folder
            ),
            "one_by_one": _writing(
                functools.partial(
                    _one_by_one, prediction.as_trained(network, trained), files
                ),
                folder,
            ),
        }
        for part in parts.values():
            part()  # Traces the graph and initializes kernels.
        return _measured(parts, len(files.image_ids), settings.repeats, size)


def _measured(
    parts: dict[str, _Part], count: int, repeats: int, size: int
) -> dict:
    seconds: dict[str, list[float]] = {name: [] for name in parts}

    def timed(name: str) -> None:
        start = time.process_time()
        parts[name]()
        seconds[name].append(time.process_time() - start)

    rates = clock.measure(
        {name: functools.partial(timed, name) for name in parts}, count, repeats
    )
    ratios = np.divide(rates["pipeline"], rates["bare"])
    return {
        **clock.summarize(rates),
        "batch_size": size,
        "pipeline_to_bare": float(np.median(ratios)),
        "cpu_ms": {
            name: float(1e3 * np.median(each) / count)
            for name, each in seconds.items()
        },
    }


def _on_disk(source: schema.Source, folder: pathlib.Path) -> schema.Source:
    """Returns the source with its images in JPEG files."""
    folder.mkdir()
    for image_id in source.image_ids:
        image = np.ascontiguousarray(source.image(image_id)[..., ::-1])
        cv2.imwrite(str(folder / f"{image_id}.jpg"), image)
    return dataclasses.replace(
        source,
        image=lambda image_id: artifacts.read_image(folder / f"{image_id}.jpg"),
        photograph=lambda image_id: folder / f"{image_id}.jpg",
    )


def _bare(
    predictor: batches.Predictor, source: schema.Source, size: int
) -> _Part:
    """Returns a function that runs the network on all frames."""
    framed = (
        (image_id, predictor.frame(source.image(image_id)).inputs)
        for image_id in source.image_ids
    )
    ready: list[batches.Arrays] = []

    def keep(inputs: batches.Arrays) -> batches.Arrays:
        ready.append(inputs)
        return inputs

    for _ in batches.in_batches(keep, framed, size):
        pass

    def run() -> None:
        for inputs in ready:
            predictor.run(inputs)

    return run


def _writing(part: Callable[[str], None], folder: str) -> _Part:
    """Returns a part that writes into a new folder each time."""

    def run() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as output_dir:
            part(output_dir)

    return run


def _pipeline(
    predictor: batches.Predictor, source: schema.Source, output_dir: str
) -> None:
    segmenter.segment_images(predictor, source, {output_dir: None})


def _one_by_one(
    predict: Callable, source: schema.Source, output_dir: str
) -> None:
    for image_id in source.image_ids:
        image = source.image(image_id)
        probabilities = np.asarray(predict(image[None]))[0]
        decision.margins(probabilities).mean()
        artifacts.write_label_map(
            pathlib.Path(output_dir, f"{image_id}.png"),
            decision.most_probable(probabilities),
        )
