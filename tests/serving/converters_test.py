import functools
import sys

import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.datasets import synthetic
from guided_segmentation.networks import builders, prediction
from guided_segmentation.serving import converters, servables

SIZE = 33
SPEC = {"name": "deeplab_v1", "num_classes": 4, "width_multiplier": 0.05}
SPEC |= {"head_channels": 8}
SETTINGS = {
    "network": SPEC,
    "objects": ["cat", "dog", "cow"],
    "input_size": SIZE,
    "framing": "whole",
    "training": {},
}
SCENES = synthetic.source("train", num_images=6)


@functools.cache
def network(num_classes=4):
    """A thin segmenter whose logits have mean 0 and standard deviation 1."""
    tf.keras.utils.set_random_seed(0)
    thin = builders.build({**SPEC, "num_classes": num_classes})
    last = thin.get_layer("fc8")
    logits = np.asarray(thin(images.subtract_mean(np.stack(squares()))))
    mean, factor = logits.mean((0, 1, 2)), 1 / logits.std((0, 1, 2))
    last.set_weights([last.get_weights()[0] * factor, -mean * factor])
    return thin


@functools.cache
def squares():
    return list(converters.squares(SCENES, SIZE, "whole"))


def segmenter(**views):
    return servables.segmenter(network(), SETTINGS, **views)


def predicted(image, **views):
    """Returns the probabilities of the network itself."""
    predict = prediction.dense(network(), size=SIZE, framing="whole", **views)
    return predict(image).numpy()


def largest_difference(answers, wanted):
    np.testing.assert_array_equal(
        answers["label_map"], answers["probabilities"].argmax(-1)
    )
    assert answers["label_map"].dtype == np.uint8
    return np.abs(answers["probabilities"] - wanted).max()


def test_onnx_predicts_as_keras_does_at_any_size():
    views = {"scales": (0.75, 1.0), "flip": True}
    ask = converters.run_onnx(converters.onnx(segmenter(**views)).content)
    photograph = SCENES.image(SCENES.image_ids[0])[None]
    for image in (photograph, np.stack([photograph[0, :20, :41]] * 2)):
        wanted = predicted(image, **views)
        assert largest_difference(ask(image), wanted) < 1e-5


def test_a_saliency_net_is_converted_to_onnx():
    settings = {**SETTINGS, "objects": None}
    module = servables.saliency(network(2), settings)
    ask = converters.run_onnx(converters.onnx(module).content)
    image = SCENES.image(SCENES.image_ids[0])[None]
    found, wanted = ask(image), module.serving_default(image)
    off = np.int32(found["saliency_map"]) - np.int32(wanted["saliency_map"])
    assert np.abs(off).max() <= 1  # Rounding of halves.
    same = found["saliency_mask"] == wanted["saliency_mask"].numpy()
    assert same.mean() > 0.999


def test_float16_weights_change_probabilities_by_less_than_a_hundredth():
    settings = {**SETTINGS}
    module = servables.guided(network(), settings)
    converted = converters.tflite_float16(module, SIZE)
    ask = converters.run_tflite(converted.content)
    for square in squares():
        found, wanted = ask(square[None]), predicted(square[None])
        assert largest_difference(found, wanted) < 0.01
        counts = np.bincount(found["label_map"].ravel(), minlength=4)
        np.testing.assert_allclose(
            found["fractions"][0], counts / SIZE**2, atol=1e-5
        )
        np.testing.assert_array_equal(found["image_labels"][0], counts[1:] > 0)


def test_int8_predicts_the_same_class_at_over_95_percent_of_pixels():
    converted = converters.tflite_int8(segmenter(), SIZE, squares())
    assert "calibrated with 6 images" in " ".join(converted.notes)
    ask, same = converters.run_tflite(converted.content), []
    for square in squares():
        found, wanted = ask(square[None]), predicted(square[None])
        assert np.abs(found["probabilities"] - wanted).max() < 0.15
        same.append(found["label_map"] == wanted.argmax(-1))
    assert np.mean(same) > 0.95


def test_int8_needs_images_to_calibrate_with():
    wanted = "^wanted photographs to calibrate int8 with, found none; name"
    with pytest.raises(ValueError, match=wanted):
        converters.tflite_int8(segmenter(), SIZE, [])


@pytest.mark.parametrize("package", ["tf2onnx", "onnxruntime"])
def test_a_package_that_is_not_installed_is_named(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    use = {
        "tf2onnx": lambda: converters.convert("onnx", segmenter(), SIZE),
        "onnxruntime": lambda: converters.run_onnx(b""),
    }
    wanted = rf"^ONNX: wanted the package {package}, found none; pip inst"
    with pytest.raises(ValueError, match=wanted):
        use[package]()


@pytest.mark.parametrize("framing", sorted(images.FRAMINGS))
def test_squares_are_what_the_network_sees(framing):
    found = list(converters.squares(SCENES, SIZE, framing, 2))
    assert len(found) == 2
    image = SCENES.image(SCENES.image_ids[0])
    seen = images.frame(image, SIZE, framing).pixels.numpy()
    top, left = (np.array(seen.shape[:2]) - SIZE) // 2
    wanted = seen[top : top + SIZE, left : left + SIZE]
    assert found[0].dtype == np.uint8
    np.testing.assert_allclose(found[0], wanted, atol=0.51)
