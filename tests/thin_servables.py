"""Thin servables of every kind, and requests to them."""

import functools
import io
import os
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from guided_segmentation.images import subtract_mean
from guided_segmentation.networks import builders, prediction, start_weights
from guided_segmentation.seeders import backprop, cam
from guided_segmentation.serving import servables

SPEC = {"name": "deeplab_v1", "num_classes": 4, "width_multiplier": 0.05}
SPEC |= {"head_channels": 8}
SETTINGS = {
    "network": SPEC,
    "objects": ["cat", "dog", "cow"],
    "input_size": 33,
    "framing": "whole",
    "trunk_weights": "/home/someone/vgg16.h5",
    "training": {"optimizer": {"head_layers": ["fc8", "/home/someone/x"]}},
}
SCORES = {"source": "synthetic/val", "miou": 0.25}
SCORES |= {"predictions_dir": "/home/someone/predictions/g2"}
OF_SALIENCY = {
    **SETTINGS,
    "network": {**SPEC, "num_classes": 2},
    "objects": None,
}
VIEWS = {"scales": (0.75,), "flip": True}


@functools.cache
def network(num_classes=4, stddev=1):
    """A thin segmenter; its logits have mean 0 and this standard deviation."""
    tf.keras.utils.set_random_seed(0)
    thin = builders.build({**SPEC, "num_classes": num_classes})
    last = thin.get_layer("fc8")
    logits = np.asarray(thin(subtract_mean(images(1, 65, 65))))
    mean, factor = logits.mean((0, 1, 2)), stddev / logits.std((0, 1, 2))
    last.set_weights([last.get_weights()[0] * factor, -mean * factor])
    return thin


def saliency_net():
    """A saliency net that marks a part of most images."""
    return network(num_classes=2, stddev=3)


@functools.cache
def seeder(name, **rules):
    """A seeder of three objects, on a thin classifier."""
    tf.keras.utils.set_random_seed(0)
    spec = {
        "name": name,
        "num_objects": 3,
        "width_multiplier": 0.05,
        "head_channels": 8,
    }
    thin = builders.build({**spec, **rules})
    fresh = [layer.name for layer in thin.layers if layer.weights]
    start_weights.data_dependent_init(
        thin, fresh[:-1], subtract_mean(images(1, 193, 193))
    )
    if rules:
        return backprop.seeder(thin, 193, "guided", blur_px=2.0)
    return cam.seeder(thin, 65)


SEEDERS = {
    "cam": functools.partial(seeder, "gap_highres"),
    "backprop": functools.partial(
        seeder, "vgg16", **backprop.METHODS["guided"]
    ),
}


def images(*shape):
    """Smooth noise, [*shape, 3] uint8."""
    coarse = np.random.default_rng(0).random((shape[0], 5, 6, 3)) * 255
    return tf.image.resize(coarse, shape[1:]).numpy().astype(np.uint8)


def encoded(image, form="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.fromarray(image).convert(mode).save(buffer, form, quality=95)
    return buffer.getvalue()


REQUESTS = {
    "one": images(1, 37, 53),
    "eight": images(8, 51, 30),
    "encoded_one": [encoded(images(1, 37, 53)[0])],
    "encoded_eight": [encoded(image) for image in images(8, 51, 30)],
    "encoded_jpeg": [encoded(images(1, 37, 53)[0], "JPEG")],
    "encoded_rgba": [encoded(images(1, 37, 53)[0], mode="RGBA")],
    "encoded_grey": [encoded(images(1, 37, 53)[0], mode="L")],
    "encoded_sizes": [encoded(images(1, 9, 8)[0]), encoded(images(1, 9, 7)[0])],
    "encoded_text": [b"no image"],
}
SHARED = ("one", "eight", "encoded_one", "encoded_eight")  # Of all models.
# The last image of eight has no object, the one before has all.
IMAGE_LABELS = np.array([[0, 1, 0], [1, 0, 1]] * 3 + [[1] * 3, [0] * 3], bool)
MODULES = {
    "segmenter": lambda: servables.segmenter(network(), SETTINGS, **VIEWS),
    "guided": lambda: servables.guided(network(), SETTINGS, **VIEWS),
    "saliency": lambda: servables.saliency(saliency_net(), OF_SALIENCY),
    "cam": lambda: servables.seeder(SEEDERS["cam"](), 3),
    "backprop": lambda: servables.seeder(SEEDERS["backprop"](), 3),
}
every_model = pytest.mark.parametrize("model", MODULES)
every_seeder = pytest.mark.parametrize("model", SEEDERS)
both_sizes = pytest.mark.parametrize("name", ["one", "eight"])
both_signatures = pytest.mark.parametrize("prefix", ["", "encoded_"])


@functools.cache
def keras_prediction(make):
    views = VIEWS if make is network else {}
    size = SETTINGS["input_size"]
    return prediction.dense(make(), size=size, framing="whole", **views)


def predicted(image, make=network):
    """Returns the probabilities of a network for images, without a servable."""
    return keras_prediction(make)(image).numpy()


def run(command, **options):
    """Runs a program and returns what it prints; `cwd` hides this package."""
    environment = {**os.environ, **options.pop("env", {})}
    if "cwd" in options:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def settings_of(model):
    """Returns the settings of the training of a servable's network."""
    return OF_SALIENCY if model == "saliency" else SETTINGS


def requested():
    """Returns the inputs of all requests by model, request and input name."""
    arrays = {}
    for model in MODULES:
        for name in REQUESTS if model == "segmenter" else SHARED:
            key = "image_bytes" if name.startswith("encoded") else "image"
            arrays[f"{model}/{name}/{key}"] = np.array(REQUESTS[name])
            if model in SEEDERS:
                there = IMAGE_LABELS[: len(REQUESTS[name])]
                arrays[f"{model}/{name}/image_labels"] = there
    return arrays
