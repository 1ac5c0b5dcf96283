"""A server of thin models, and photographs for it."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import programs
import pytest
import tensorflow as tf

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import builders, weights
from guided_segmentation.serving import saved_model, servables
from guided_segmentation.serving.client import address

OBJECTS = ["cat", "dog", "cow"]
SPEC = {"name": "deeplab_v1", "num_classes": 4, "width_multiplier": 0.02}
SPEC |= {"head_channels": 4}
SETTINGS = {
    "network": SPEC,
    "objects": OBJECTS,
    "input_size": 33,
    "framing": "whole",
    "training": {"optimizer": {"head_layers": ["fc8"]}},
}
SIZES = ((37, 53), (64, 41), (50, 50))
SERVER = pathlib.Path(programs.ROOT, "tests", "loopback_server.py")


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory):
    """A run of bin/train_segmenter whose label maps have several classes."""
    tf.keras.utils.set_random_seed(0)
    network = builders.build(SPEC)
    last = network.get_layer("fc8")
    noise = np.random.default_rng(0).normal(size=(1, 33, 33, 3)) * 60
    logits = np.asarray(network(noise.astype(np.float32)))
    mean, stddev = logits.mean((0, 1, 2)), logits.std((0, 1, 2))
    last.set_weights([last.get_weights()[0] / stddev, -mean / stddev])
    folder = tmp_path_factory.mktemp("run")
    weights.save(network, folder / weights.WEIGHTS_FILE)
    artifacts.write_json(folder / provenance.SETTINGS_FILE, SETTINGS)
    return folder


def no_evidence(image, objects):
    """A seeder without a network, whose score maps are 0."""
    size = tf.concat([tf.shape(image)[:2], tf.shape(objects)], 0)
    return tf.zeros(size), tf.zeros([3])


@pytest.fixture(scope="session")
def ports(run_dir, tmp_path_factory):
    """Ports of a server, by API."""
    folder = tmp_path_factory.mktemp("models")
    network, settings = weights.load_trained(run_dir)
    segmenter = servables.segmenter(network, settings)
    saved_model.export(segmenter, settings, folder, name="thin")
    seeder = servables.seeder(no_evidence, 3)
    saved_model.export(seeder, settings, folder, name="seeder")
    with subprocess.Popen(
        [sys.executable, str(SERVER), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    ) as process:
        yield json.loads(process.stdout.readline())
        process.kill()


@pytest.fixture
def hasty(monkeypatch):
    """Repeats requests without a pause."""
    monkeypatch.setattr(address, "FIRST_PAUSE_S", 0.0)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A folder of three, two of them JPEGs."""
    folder = tmp_path_factory.mktemp("photographs")
    random = np.random.default_rng(0)
    for index, size in enumerate(SIZES):
        coarse = random.random((5, 6, 3)) * 255
        image = tf.cast(tf.image.resize(coarse, size), tf.uint8)
        if index:
            artifacts.write_bytes(
                folder / f"{index}.jpg", tf.io.encode_jpeg(image).numpy()
            )
        else:
            artifacts.write_image(folder / f"{index}.png", image.numpy())
    (folder / "class_names.txt").write_text("\n".join(OBJECTS))
    rows = "".join(f"{index},cat cow\n" for index in range(len(SIZES)))
    (folder / "labels.csv").write_text(f"image_id,labels\n{rows}")
    return folder
