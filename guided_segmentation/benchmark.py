"""Benchmarks: how many images a second the costly parts of a training do.

Every suite measures the code that trains, on the images it is given, several
times over; parts that are compared take turns, so that a busy machine slows
both.
"""

import dataclasses
import functools
import os
import pathlib
import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping

import cv2
import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import crf, guides, images, labelling, recipe
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.guides import regions
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.networks import dropout, gap, vgg16, weights
from guided_segmentation.seeders import backprop, cam, grad_cam, views
from guided_segmentation.training import optimizers, trainer

EROSION = 0.1  # Share of the image's shorter side that truth loses as seeds.
WARM_UP_STEPS = 3  # The first ones trace the graph and fill the buffers.


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkSettings:
    """Settings of the benchmarks; the network is thin, as for drawn scenes.

    Attributes:
      repeats: Measurements of each part; the median counts.
      input_size: Side of the squares that the segmenter takes, in pixels.
      framing: How they are cut, key of images.FRAMINGS.
      width: Factor on the channels of the segmenter's trunk.
      head_channels: Channels of its fc6 and fc7.
      batch_size: Images a step.
      precision: Of the step, key of trainer.LOSS_SCALE.
    """

    repeats: int = 5
    input_size: int = 129
    framing: str = "crop"
    width: float = 0.25
    head_channels: int = 128
    batch_size: int = 15
    precision: str = "float32"


DEFAULTS = BenchmarkSettings()


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


def guide_suite(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures G2 with and without its dense CRF, on the same images.

    Returns:
      As `run` says; `images_with_crf` is the share of images in which a CRF
      divides a region at all.
    """
    evidences = [evidence(source, name) for name in source.image_ids]
    without_crf = dataclasses.replace(guides.PAPER, crf=crf.NONE)

    def label_all(guide_settings):
        for each in evidences:
            guides.g2(each, guide_settings)

    measurements = measure(
        {
            "without_crf": lambda: label_all(without_crf),
            "with_crf": lambda: label_all(guides.PAPER),
        },
        len(evidences),
        settings.repeats,
    )
    share = np.mean([needs_crf(each) for each in evidences])
    return {**_compared(measurements), "images_with_crf": float(share)}


def input_suite(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures the pipeline of a training and what its steps eat.

    The pipeline reads photographs, recalls G2 guides made before, augments
    and batches; the step trains on one batch over and over.

    Returns:
      As `run` says.
    """
    what = _recipe(source, settings)
    batches = iter(_batches(what, source, settings))
    batch = next(batches)
    num_batches = -(-len(source.image_ids) // settings.batch_size)

    def pull():
        for _ in range(num_batches):
            next(batches)

    rates = measure(
        {"pipeline": pull},
        num_batches * settings.batch_size,
        settings.repeats,
    )
    seconds = step_seconds(what, batch, settings)
    return _compared(
        {**rates, "step": [settings.batch_size / each for each in seconds]}
    )


def seed_suite(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures every seeder, asked for all objects of each photograph.

    Networks are fresh, of one width, and see a photograph at one size, at
    which the classifier's window fits. They take turns with a bare forward
    pass of GAP-HighRes: what score maps cost beyond it.

    Returns:
      As `run` says, for the first `batch_size` photographs.
    """
    size = max(settings.input_size, vgg16.SMALLEST)
    photographs = [
        tf.constant(source.image(image_id))
        for image_id in source.image_ids[: settings.batch_size]
    ]
    objects = tf.range(len(source.label_set.objects))
    looks = _seeders(size, len(source.label_set.objects), settings)

    def through(look):
        for photograph in photographs:
            np.asarray(look(photograph, objects)[-1])

    for look in looks.values():
        look(photographs[0], objects)  # Traces the graph.
    parts = {name: functools.partial(through, x) for name, x in looks.items()}
    return _compared(measure(parts, len(photographs), settings.repeats))


def crf_loss_suite(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures a training step without and with crf-loss, on the same images.

    Returns:
      As `run` says.
    """
    plain = _recipe(source, settings)
    crf_loss = recipe.CrfLoss(settings=crf.SEC)
    both = dataclasses.replace(plain, crf_loss=crf_loss)
    batch = next(iter(_batches(both, source, settings)))
    return _compared(
        {
            name: [
                settings.batch_size / each
                for each in step_seconds(what, batch, settings)
            ]
            for name, what in (("without_crf", plain), ("with_crf", both))
        }
    )


SUITES = {
    "guides": guide_suite,
    "input": input_suite,
    "crf_loss": crf_loss_suite,
    "seeds": seed_suite,
}


def evidence(source: schema.Source, image_id: str) -> guides.Evidence:
    """Derives seeds and saliency of an image from its truth.

    Seeds are each object's truth, eroded; the saliency mask is all that is
    not background, so that objects that touch share a region.

    Args:
      source: Photographs with truth.
      image_id: Name of the image.

    Returns:
      What a guide takes.
    """
    truth = source.label_map(image_id)
    side = max(3, round(EROSION * min(truth.shape)))
    kernel = np.ones((side, side), np.uint8)
    seeds = np.full_like(truth, BACKGROUND)
    for index in np.setdiff1d(truth, [BACKGROUND, IGNORE]):
        core = cv2.erode((truth == index).astype(np.uint8), kernel)
        seeds[core > 0] = index
    return guides.Evidence(
        image_id=image_id,
        image=source.image(image_id),
        image_labels=source.image_labels(image_id),
        seeds=seeds,
        saliency_mask=truth != BACKGROUND,
    )


def needs_crf(
    evidence: guides.Evidence, settings: guides.GuideSettings = guides.PAPER
) -> bool:
    """Whether seeds of several classes touch one salient region."""
    mask = evidence.saliency_mask
    numbers = regions.components(mask, settings.saliency_min_area * mask.size)
    parts, classes = regions.seed_components(
        evidence.seeds, evidence.image_labels, settings.seed_min_area_px
    )
    touches = regions.touching(numbers, parts)
    return any(
        np.setdiff1d(classes[row], [BACKGROUND]).size > 1 for row in touches
    )


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


def step_seconds(
    what: recipe.Recipe,
    batch: dict[str, tf.Tensor],
    settings: BenchmarkSettings = DEFAULTS,
) -> list[float]:
    """Trains a fresh segmenter on one batch and times its steps.

    The trainer's own loop runs, at learning rate zero; a clock in the loss
    notes when each step gets there.

    Args:
      what: What to train; its weights do not matter.
      batch: As recipe.batches makes it.
      settings: Of the steps.

    Returns:
      The seconds of `settings.repeats` steps, after the first few.
    """
    times = []

    def note(target):
        times.append(time.perf_counter())
        return target

    clock = pipeline.numpy_stage(note, tf.TensorSpec(None, tf.uint8))
    loss, targets = recipe.objective(what)

    def timed(target, *rest):
        with tf.control_dependencies([rest[-1]]):  # The logits.
            target = tf.ensure_shape(clock(target), target.shape)
        return loss(target, *rest)

    task = trainer.Task(
        build=functools.partial(weights.build, what.network),
        batches=lambda _: tf.data.Dataset.from_tensors(batch).repeat(),
        loss=timed,
        inputs="input",
        targets=targets,
        seeded=dropout.example_seeds,
    )
    with tempfile.TemporaryDirectory() as work_dir:
        trainer.train(
            task,
            work_dir=work_dir,
            settings=_train_settings(
                settings, WARM_UP_STEPS + settings.repeats
            ),
        )
    return np.diff(times)[-settings.repeats :].tolist()


def table(results: dict) -> str:
    """Renders the outcome of `run` for people."""
    machine, data = results["machine"], results["data"]
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores; {data['images']} images "
        f"of {data['name']}; medians of {results['settings']['repeats']}"
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
    return "\n".join(lines)


def _recipe(source, settings):
    return recipe.Recipe(
        network={
            "name": "deeplab_v1",
            "num_classes": source.label_set.num_classes,
            "width": settings.width,
            "head_channels": settings.head_channels,
        },
        input_size=settings.input_size,
        framing=settings.framing,
    )


def _seeders(size, num_objects, settings):
    """By name, functions of photograph and objects; a forward pass first."""

    def network(name, **more):
        sizes = {"width": settings.width, "num_objects": num_objects}
        head = {"head_channels": settings.head_channels}
        return weights.build({"name": name, **sizes, **head, **more})

    gaps = {name: network(name, dense=True) for name in gap.VARIANTS}
    gradients = {
        name: backprop.seeder(network("vgg16", **rules), size, name)
        for name, rules in backprop.METHODS.items()
    }
    return {
        "forward_pass": _forward_pass(gaps["gap_highres"], size),
        **{name: cam.seeder(found, size) for name, found in gaps.items()},
        **gradients,
        "grad_cam": grad_cam.seeder(network("vgg16"), size),
    }


def _forward_pass(network, size) -> views.Seeder:
    """Looks at a photograph as a seeder does, and makes no score map."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 3], tf.uint8),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def look(photograph, objects):
        framed = images.frame(photograph, size, "whole")
        inputs = images.subtract_mean(framed.pixels)[None]
        return None, network(inputs, training=False)

    return look


def _batches(what, source, settings):
    """Batches without end, of a training whose guides are all remembered."""
    label = labelling.remembered(
        lambda image_id: guides.g2(evidence(source, image_id))
    )
    for image_id in source.image_ids:
        label(image_id)
    endless = _train_settings(settings, num_steps=10**6)
    return recipe.batches(what, source, label, endless, None, 0)


def _train_settings(settings, num_steps):
    return trainer.TrainSettings(
        num_steps=num_steps,
        batch_size=settings.batch_size,
        optimizer=optimizers.OptimizerSettings(learning_rate=0.0),
        precision=settings.precision,
    )


def _compared(measurements):
    medians = {k: float(np.median(v)) for k, v in measurements.items()}
    first, *others = medians
    factors = {name: medians[first] / medians[name] for name in others}
    return {
        "images_per_second": medians,
        "times_as_fast": factors,
        "measurements": measurements,
    }


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
