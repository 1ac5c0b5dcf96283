"""Suite "input": the input pipeline of a training beside its steps."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
from collections.abc import Callable

import tensorflow as tf

from guided_segmentation import artifacts, guides
from guided_segmentation.artifacts import decoded, pictures
from guided_segmentation.benchmarks import clock, train_suite, training
from guided_segmentation.benchmarks.evidence import evidence
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import layouts, schema
from guided_segmentation.guides import labelling
from guided_segmentation.training import recipe
from guided_segmentation.training.keras_globals import training_globals

_MAX_BYTES = 2**31  # Of decoded files.
Part = Callable[[], None]


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures the throughput of the input pipeline and of training steps.

    "pipeline" reads decoded photographs, looks up remembered G2 guides,
    augments and batches; "decoding" decodes each photograph. "step" trains on
    one batch repeatedly. The others train on the batches of a pipeline:
    "guides_from_disk" reads guides from PNG files, "guides_remembered" from
    memory as later epochs do, and "guides_on_the_fly" makes each one, as the
    first epoch does.

    Args:
      source: Images with ground truth. They are written to files first, so
        that drawn scenes are decoded too.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize; `step_to_guides_from_disk`, the time of
      a step of the other two divided by that of "guides_from_disk"; and
      `pipeline_to_step`, images a second.
    """
    what = training.segmenter_recipe(source, settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        training_globals(settings.precision, seed=0),
    ):
        files = written(source, pathlib.Path(folder))
        pipelines = _pipelines(what, files, settings, folder)
        parts, rounds = _parts(what, pipelines, settings, folder)
        for part in parts.values():
            part()  # Traces graphs, decodes and remembers.
        rates = clock.measure(
            parts, rounds * settings.batch_size, settings.repeats
        )
    found = clock.summarize(rates)
    medians = found["images_per_second"]
    disk = medians["guides_from_disk"]
    return {
        **found,
        "pipeline_to_step": medians["pipeline"] / medians["step"],
        "step_to_guides_from_disk": {
            name: disk / medians[name]
            for name in ("guides_remembered", "guides_on_the_fly")
        },
    }


def written(source: schema.Source, folder: pathlib.Path) -> schema.Source:
    """Writes a JPEG and a PNG of each image.

    Args:
      source: Images with ground truth.
      folder: For the files.

    Returns:
      The source of these files; each call decodes one.
    """

    def photograph(image_id: str) -> pathlib.Path:
        return folder / "photographs" / f"{image_id}.jpg"

    def truth(image_id: str) -> pathlib.Path:
        return folder / "truth" / f"{image_id}.png"

    for image_id in source.image_ids:
        layouts.write_photograph(photograph(image_id), source.image(image_id))
        artifacts.write_label_map(truth(image_id), source.label_map(image_id))
    return dataclasses.replace(
        source,
        image=lambda image_id: pictures.read_image(photograph(image_id)),
        label_map=lambda image_id: pictures.read_label_map(truth(image_id)),
        photograph=photograph,
        label_map_file=truth,
    )


def _pipelines(
    what: recipe.Recipe,
    files: schema.Source,
    settings: BenchmarkSettings,
    folder: str,
) -> dict[str, tf.data.Dataset]:
    """Returns endless batches by name of the part."""
    store = decoded.Store(f"{folder}/decoded", _MAX_BYTES)
    stored = dataclasses.replace(
        files,
        image=lambda image_id: store.array(
            files.photograph(image_id), "image", pictures.read_image
        ),
    )

    def label(image_id: str):
        return guides.g2(evidence(files, image_id))

    remembered = labelling.cached(label)
    from_disk = labelling.cached(label, f"{folder}/guides")
    for image_id in files.image_ids:
        remembered(image_id)
        from_disk(image_id)
    chosen = {
        "pipeline": (stored, remembered),
        "decoding": (files, remembered),
        "guides_from_disk": (stored, from_disk),
        "guides_remembered": (stored, remembered),
        "guides_on_the_fly": (stored, label),
    }
    return {
        name: training.batches(what, read, settings, labeller)
        for name, (read, labeller) in chosen.items()
    }


def _parts(
    what: recipe.Recipe,
    pipelines: dict[str, tf.data.Dataset],
    settings: BenchmarkSettings,
    folder: str,
) -> tuple[dict[str, Part], int]:
    """Returns what is timed, and the batches that each call takes."""
    rounds = train_suite.STEPS
    batch = next(iter(pipelines["pipeline"]))
    same = tf.data.Dataset.from_tensors(batch).repeat()
    parts = {
        name: _times(rounds, iter(pipelines[name]).__next__)
        for name in ("pipeline", "decoding")
    }
    trained = {
        "step": same,
        **{name: each for name, each in pipelines.items() if "guides" in name},
    }
    for name, batches in trained.items():
        step = train_suite.trainer_step(
            what, batches, settings, f"{folder}/{name}"
        )
        parts[name] = _times(rounds, step)
    return parts, rounds


def _times(count: int, call: Callable[[], object]) -> Part:
    def repeated() -> None:
        for _ in range(count):
            call()

    return repeated
