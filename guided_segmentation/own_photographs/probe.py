"""Times single steps of each stage on this machine, in a process of its own.

python -m guided_segmentation.own_photographs.probe SETTINGS prints the seconds
as JSON. A process of its own leaves GPUs and memory to the stages.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import crf, segmenter
from guided_segmentation.networks import builders, prediction
from guided_segmentation.own_photographs import settings as names
from guided_segmentation.training import fine_tuning, precision, recipe

_MAX_PIXELS = 2_000_000  # The CRF of a larger photograph is extrapolated.
_BATCH = 4  # Larger ones are extrapolated.
_MAX_CALLS = 3  # Of what is timed, within these seconds.
_TIMING_SECONDS = 3.0
_TAGS = 2  # Of a photograph, whose mask has no other classes.
_DETECTOR_PX = (375, 500)  # Detectors resize a photograph to their own size.


def main(arguments: list[str]) -> None:
    """Times what the settings describe and prints the seconds.

    Args:
      arguments: The text of `settings.spec`.
    """
    tf.zeros([])  # Makes sure that TensorFlow is loaded and has its devices.
    loaded_at = time.time()
    told = json.loads(arguments[0])
    settings = names.Settings(**names.checked(told["settings"]))
    chosen = precision.resolved(settings.precision)
    settings = dataclasses.replace(settings, precision=chosen)
    seconds = measure(settings, told["num_objects"], told["pixels"])
    json.dump(
        {
            "precision": chosen,
            "precision_seconds": precision.known(),
            "gpus": [x.name for x in tf.config.list_physical_devices("GPU")],
            "loaded_at": loaded_at,
            "seconds": seconds,
        },
        sys.stdout,
    )


def measure(
    settings: names.Settings, num_objects: int, pixels: int
) -> dict[str, float]:
    """Times one of each.

    Args:
      settings: As `settings.spec` takes it, its precision resolved.
      num_objects: As `settings.spec` takes it.
      pixels: As `settings.spec` takes it.

    Returns:
      Seconds: "build" of a network and its first step, "features" of a
      photograph and its mirror image, "head" of the layers above on both, a
      step of "seeder" and of "segmenter",
      "prediction" of one view, "crf" of a photograph, "saliency" of one.
    """
    keras.mixed_precision.set_global_policy(settings.precision)
    networks = {"segmenter": _recipe(settings, "deeplab_v1", 1 + num_objects)}
    if settings.has_seeder:
        networks["seeder"] = _recipe(settings, settings.seeder, num_objects)
    seconds: dict[str, float] = {}
    for name, each in networks.items():
        batch = getattr(settings, f"{name}_batch_size")
        used = min(batch, _BATCH)
        started = time.perf_counter()
        features, head, step = _training(each, used)
        built = time.perf_counter() - started - 2 * (features + step)
        seconds.setdefault("build", max(built, 0.0))
        seconds.setdefault("features", features)
        seconds.setdefault("head", head)
        seconds[name] = step * batch / used
    network = builders.build({**networks["segmenter"].network, "dense": True})
    seconds["prediction"] = _prediction(settings, network)
    seconds["crf"] = _crf(settings, num_objects, pixels)
    seconds["saliency"] = _saliency(settings.saliency)
    return seconds


def _recipe(settings, name, count):
    """The recipe of a network, without dropout, whose time is nothing."""
    kind = "num_classes" if name == "deeplab_v1" else "num_objects"
    own = {"stride": 16, "pooling": "2x2"} if name == "deeplab_v1" else {}
    loss = None
    if name == "deeplab_v1" and settings.crf_loss != "none":
        loss = recipe.CrfLossSettings(settings=crf.named(settings.crf_loss))
    return recipe.Recipe(
        network={
            "name": name,
            kind: count,
            "width_multiplier": settings.width_multiplier,
            "head_channels": settings.head_channels,
            "dropout": 0.0,
            **own,
        },
        freeze_through=(
            None
            if settings.freeze_through == "none"
            else settings.freeze_through
        ),
        input_size=settings.input_size,
        framing=settings.framing,
        crf_loss=loss,
    )


def _training(the_recipe, batch_size):
    """Seconds of the features of a pair, of the head, of a training step."""
    network = builders.build(the_recipe.network)
    size = the_recipe.input_size
    pair = tf.zeros([2, size, size, 3])
    seconds = head = 0.0
    if the_recipe.freeze_through is None:
        inputs = tf.random.stateless_normal([batch_size, size, size, 3], [0, 0])
    else:
        lower, network = builders.split(network, the_recipe.freeze_through)
        seconds, features = _timed(tf.function(lower), pair)
        head, _ = _timed(tf.function(network), features)
        inputs = tf.repeat(tf.cast(features[:1], tf.float16), batch_size, 0)
    return seconds, head, _timed(_step(the_recipe, network, inputs))[0]


def _step(the_recipe, network, inputs):
    """A training step on one batch."""
    loss_of, _ = fine_tuning.objective(the_recipe)
    shape = network(inputs).shape
    if the_recipe.is_dense:
        targets = [tf.zeros(shape[:3], tf.uint8)]
        if the_recipe.crf_loss is not None:
            targets.append(_picture(shape[:3]))
    else:
        targets = [tf.zeros(shape, tf.bool)]
    optimizer = keras.optimizers.Adam(0.0)
    optimizer.build(network.trainable_variables)

    @tf.function
    @tf.autograph.experimental.do_not_convert
    def step():
        with tf.GradientTape() as tape:
            loss = loss_of(*targets, network(inputs, training=True))
        variables = network.trainable_variables
        gradients = tape.gradient(loss, variables)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return loss

    return step


def _picture(shape):
    """[*shape, 3] uint8, with the smooth noise of a photograph."""
    random = np.random.default_rng(0)
    rows = np.linspace(0, 200, shape[-2])[:, None, None]
    noise = random.integers(0, 50, (*shape, 3))
    return (rows + noise).astype(np.uint8)


def _prediction(settings, network):
    size = settings.input_size
    predict = prediction.dense(network, size=size, framing=settings.framing)
    return _timed(predict, _picture([size * 3 // 4, size])[None])[0]


def _crf(settings, num_objects, pixels):
    """Seconds of crf-postproc of a photograph."""
    if settings.crf == "none":
        return 0.0
    used = min(pixels, _MAX_PIXELS)
    height = max(int((used * 3 / 4) ** 0.5), 1)
    width = max(used // height, 1)
    random = np.random.default_rng(0)
    num_classes = 1 + min(num_objects, _TAGS)
    scores = random.random((height, width, num_classes), np.float32)
    probabilities = scores / scores.sum(-1, keepdims=True)
    picture = _picture([height, width])
    started = time.perf_counter()
    segmenter.label_map(picture, probabilities, crf.named(settings.crf))
    return (time.perf_counter() - started) * pixels / used


def _saliency(name):
    """Seconds of one saliency map; 0 if the maps are there."""
    if name.startswith("dir:"):
        return 0.0
    from guided_segmentation.saliency import named

    predict = named.open_named(name).predict
    return _timed(predict, _picture(_DETECTOR_PX))[0]


def _timed(call: Callable, *arguments):
    """Seconds of a call after the first, and its result.

    The least of several calls, since other programs make some longer.
    """
    call(*arguments)
    found, ends = [], time.perf_counter() + _TIMING_SECONDS
    while len(found) < _MAX_CALLS and (not found or time.perf_counter() < ends):
        started = time.perf_counter()
        result = call(*arguments)
        np.asarray(result)
        found.append(time.perf_counter() - started)
    return min(found), result


if __name__ == "__main__":
    main(sys.argv[1:])
