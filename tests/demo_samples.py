"""A run of narrow networks, for the tests of the demo."""

import base64
import re

import keras
import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import synthetic
from guided_segmentation.demo import network_outputs
from guided_segmentation.networks import builders, gap, weights
from guided_segmentation.seeders import cam

LABEL_SET = synthetic.LABEL_SET
SOURCE = synthetic.source("val", num_images=3)
GAP = {
    "name": "gap_highres",
    "num_objects": LABEL_SET.num_objects,
    "width_multiplier": 0.03,
    "head_channels": 4,
}


def networks():
    """A real seeder, and functions in place of the two dense networks."""
    return network_outputs.Networks(
        label_set=LABEL_SET,
        seeder=cam.seeder(gap_network(), 65),
        saliency_net=rising_probabilities(2),
        segmenter=rising_probabilities(LABEL_SET.num_classes),
    )


def gap_network():
    """Finds the first four objects everywhere, and the others nowhere."""
    keras.utils.set_random_seed(0)
    network = builders.build(GAP)
    score = network.get_layer(gap.SCORE)
    weights_of_objects, *bias = score.get_weights()
    signs = np.sign(3.5 - np.arange(LABEL_SET.num_objects))
    score.set_weights([np.abs(weights_of_objects) * signs, *bias])
    return network


def rising_probabilities(num_classes):
    """The brighter a pixel, the higher its likeliest class."""

    def predict(image):
        bright = image.mean(-1, keepdims=True) / np.float32(255)
        distance = np.abs(bright * num_classes - np.arange(num_classes) - 0.5)
        energy = np.exp(-4 * distance.astype(np.float32))
        return energy / energy.sum(-1, keepdims=True)

    return predict


def downloads(html):
    """Name and content of every file that a page offers."""
    links = re.findall(
        r'download="(.*?)" href="data:image/png;base64,(.*?)"', html
    )
    return {name: base64.b64decode(content) for name, content in links}


def write_run(folder):
    """Writes what bin/demo_server reads of a run of bin/run_experiment."""
    objects = list(LABEL_SET.objects)
    write_network(folder / "seeder", GAP, gap_network(), objects)
    dense = {"name": "deeplab_v1", "width_multiplier": 0.03, "head_channels": 4}
    for name, num_classes, knows in (
        ("saliency", 2, None),
        ("segmenter/g2", LABEL_SET.num_classes, objects),
    ):
        spec = {**dense, "num_classes": num_classes}
        write_network(folder / name, spec, builders.build(spec), knows)


def write_network(folder, spec, network, objects):
    settings = {"network": spec, "input_size": 65, "framing": "whole"}
    settings["objects"] = objects
    artifacts.write_json(folder / "settings.json", settings)
    weights.save(network, folder / "weights.npz")
