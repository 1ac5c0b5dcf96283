"""Forks processes that train a tiny network together; see several_workers.py.

As a script it reads one JSON request a line: the arguments of `_train` for each
process. It answers with exit code, text on stderr and seconds of each.
"""

import dataclasses
import functools
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Before TensorFlow loads.

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.datasets import pipeline
from guided_segmentation.errors import InputError
from guided_segmentation.labels import IGNORE
from guided_segmentation.networks import layers, weights
from guided_segmentation.training import (
    clusters,
    executions,
    losses,
    optimizers,
    strategies,
    trainer,
    validation,
    workers,
)

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(0, 1, (8, 24, 24, 3)).astype(np.float32)
LABEL_MAPS = RANDOM.integers(0, 3, (8, 2, 2), np.uint8)
LABEL_MAPS[:3] = IGNORE  # Workers see different numbers of labelled pixels.
SETTINGS = trainer.TrainSettings(
    num_steps=10,
    batch_size=3,  # Two images for one worker, one for the other.
    checkpoint_steps=4,
    optimizer=optimizers.OptimizerSettings(learning_rate=0.01),
)
RUNS = {  # Changes of SETTINGS, and parts of a batch.
    "plain": ({}, 1),
    "half": ({"precision": "mixed_float16", "batch_size": 4}, 2),
}


def tiny():
    """A network with dropout, and with statistics that are not trained."""
    image = keras.Input([None, None, 3])
    conv = keras.layers.Conv2D
    x = conv(8, 8, 8, padding="same", activation="relu", name="conv1_1")(image)
    x = keras.layers.BatchNormalization(trainable=False, name="bn")(x)
    x = layers.ExampleDropout(0.5, name="drop")(x)
    return keras.Model(image, conv(3, 1, dtype="float32", name="fc8")(x))


def task(settings):
    """What is trained: from random crops."""
    return trainer.Task(
        build_network=tiny,
        make_batches=functools.partial(_batches, settings),
        loss=losses.pixel_loss,
        counts=lambda target: (losses.num_labelled(target, "float32"),),
        input_key="image",
        target_keys=("label_map",),
        noise_context=layers.example_seeds,
        num_labelled=losses.num_labelled,
    )


def _batches(settings, first_step, part=None):
    size = settings.batch_size
    examples = pipeline.shuffled(
        tuple(map(str, range(8))),
        first_step * size,
        settings.num_steps * size,
        settings.seed,
    )
    if part is not None:
        examples = pipeline.part_of_batches(examples, size, part)
        size = part.stop - part.start
    return pipeline.training_batches(examples, [_crop], size)


def _crop(example):
    seed, index = example["seed"], example["index"]
    corner = tf.random.stateless_uniform([2], seed, 0, 8, tf.int32)
    start = tf.concat([corner, [0]], 0)
    return {
        "image": tf.slice(tf.gather(IMAGES, index), start, [16, 16, 3]),
        "label_map": tf.gather(LABEL_MAPS, index),
        "seed": seed,
    }


def run(name, folder, strategy):
    """One training; worker N writes its weights to <name>.N.npz."""
    changes, num_parts = RUNS[name]
    settings = dataclasses.replace(SETTINGS, **changes)
    with workers.reported(strategy):
        network = trainer.train(
            task(settings),
            work_dir=folder / name,
            settings=settings,
            strategy=strategy,
            execution=executions.Execution(accumulate_steps=num_parts),
            watch=_watch(folder / name, strategy),
        )
        workers.wait_for_all(strategy)
    weights.save(network, folder / f"{name}.{workers.index(strategy)}.npz")


def _watch(folder, strategy):
    """Scores on the chief alone, while the others wait."""
    if not workers.is_chief(strategy):
        return None
    validated = validation.Validation(
        name="miou", score=lambda network: 0.5, steps=5
    )
    return validation.Watch(validated, lambda: 0.5, lambda path: None, folder)


def _train(kind, folder, names, addresses, index, signals):
    """Trains on one worker, or on the replicas of one process.

    Args:
      kind: "multi_worker", "mirrored" (two replicas) or "one_device".
      folder: For the results.
      names: Of RUNS, one after the other.
      addresses: Of all workers.
      index: Of this worker.
      signals: What this process sends itself, by the step after which it does.
    """
    if kind == "multi_worker":
        cluster = clusters.Cluster(tuple(addresses), index)
        strategy = workers.make_strategy(cluster)
    else:
        strategy = strategies.make_strategy(kind, 1 + (kind == "mirrored"))
    steps = iter(range(1, 10**6))
    agreed = workers.StopAgreement.signal

    def signal_at(self, received):
        number = signals.get(str(next(steps)))
        if number:
            os.kill(os.getpid(), number)
        return agreed(self, received)

    with mock.patch.object(workers.StopAgreement, "signal", signal_at):
        for name in names:
            run(name, pathlib.Path(folder), strategy)
    workers.require_same(strategy, {"command": index, "rate": 0.5})
    if "half" in names and kind == "multi_worker":
        workers.require_same(strategy, {"rate": index})


def _child(request, text):
    child = os.fork()
    if child:
        return child
    os.dup2(text.fileno(), 2)
    code = 1
    try:
        _train(**request)
        code = 0
    except SystemExit as end:
        code = end.code
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _ended(requests):
    """Runs processes beside each other, and returns how they ended."""
    began = time.monotonic()
    texts = []
    for _ in requests:
        texts.append(tempfile.TemporaryFile())  # noqa: SIM115
    running = {
        _child(request, text): (number, text)
        for number, (request, text) in enumerate(
            zip(requests, texts, strict=True)
        )
    }
    found = {}
    while running:
        child, status = os.wait()
        number, text = running.pop(child)
        text.seek(0)
        code = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        found[number] = (code, text.read().decode(), seconds)
    return [found[number] for number in range(len(requests))]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(json.dumps(_ended(json.loads(line))), file=answers, flush=True)
