"""Gradient maps equal those of Xplique, for the same weights and photograph."""

import importlib
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import start_weights, vgg16, weights
from guided_segmentation.seeders import backprop, grad_cam, view_batches

if sys.version_info >= (3, 12):
    pytest.skip(
        "Xplique 1 wants TensorFlow < 2.16, Xplique 2 one <= 2.20",
        allow_module_level=True,
    )
attributions = importlib.import_module("xplique.attributions")

SIZE = 193
OBJECTS = np.arange(3, dtype=np.int32)
# Fraction of a map's maximum: rounding of float32 in about twenty layers.
TOLERANCE = 1e-4


@pytest.fixture(params=["thin", "imagenet"])
def case(request):
    """Arguments of the network, weight file and photograph."""
    if request.param == "thin":
        noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
        image = tf.image.resize(noise, [SIZE, SIZE], "nearest")
        return {"width_multiplier": 1 / 16}, None, tf.cast(image, tf.uint8)
    folder = request.getfixturevalue("real_data")
    file = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    photographs = (folder / "voc2012_mini").rglob("JPEGImages/*.jpg")
    photograph = tf.io.decode_jpeg(tf.io.read_file(str(min(photographs))))
    image = tf.cast(tf.image.resize(photograph, [SIZE, SIZE]), tf.uint8)
    return {}, str(folder / "weights" / file), image


def classifier(case, method="vanilla"):
    arguments, file, _ = case
    keras.utils.set_random_seed(0)
    network = vgg16.classifier(
        3,
        head_channels=8,
        score_init_stddev=0.1,
        **arguments,
        **backprop.METHODS[method],
    )
    if file:
        loaded = start_weights.trunk_of(start_weights.pretrained(file))
        weights.assign(network, loaded, file)
    return network


def explain(explainer, image):
    """Returns the library's maps of each object, stacked in the last axis."""
    inputs = images.subtract_mean(tf.cast(image, tf.float32))[None]
    found = [
        np.squeeze(explainer.explain(inputs, tf.one_hot([index], 3)), 0)
        for index in OBJECTS
    ]
    return np.moveaxis(np.array(found), 0, -1)


def assert_same(found, expected):
    peaks = expected.max((0, 1))
    assert (peaks > 0).sum() > 1  # Grad-CAM may find nothing for an object.
    assert np.ptp(peaks) > 0
    np.testing.assert_allclose(
        found / peaks.max(), expected / peaks.max(), atol=TOLERANCE
    )


def test_vanilla_gradients_are_xpliques(case):
    network, image = classifier(case), case[-1]
    found, _ = backprop.seeder(network, SIZE, "vanilla", blur_px=0)(
        image, OBJECTS
    )
    expected = explain(attributions.Saliency(network), image)
    assert_same(found, expected[:, :, 0])


def test_guided_gradients_are_xpliques(case):
    """The library clones a plain network and replaces its activations."""
    image = case[-1]
    found, _ = backprop.seeder(
        classifier(case, "guided"), SIZE, "guided", blur_px=0
    )(image, OBJECTS)
    explainer = attributions.GuidedBackprop(classifier(case), reducer=None)
    assert_same(found, np.abs(explain(explainer, image)).max(2))


def test_grad_cams_are_xpliques(case, monkeypatch):
    """Compares cells, since the library upsamples by cubic interpolation."""
    network, image = classifier(case), case[-1]
    explainer = attributions.GradCAM(network, conv_layer=grad_cam.LAYER)
    with monkeypatch.context() as patch:
        patch.setattr(tf.image, "resize", lambda maps, *_, **__: maps)
        expected = explain(explainer, image)[:, :, 0]
    monkeypatch.setattr(
        view_batches.Geometry, "upsampled", lambda _, grid, *__: grid
    )
    found, _ = grad_cam.seeder(network, SIZE)(image, OBJECTS)
    assert_same(found, expected)
