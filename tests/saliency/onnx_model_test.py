import sys
from unittest import mock

import numpy as np
import onnx_samples
import onnxruntime
import pytest
from onnx import TensorProto

from guided_segmentation.networks import batches
from guided_segmentation.saliency import onnx_model
from guided_segmentation.saliency.conventions import CONVENTIONS, Convention

PLAIN = Convention(mean=(0.0, 0.0, 0.0), stddev=(1.0, 1.0, 1.0))
LOGITS = Convention(
    mean=(0.5, 0.5, 0.5), stddev=(0.5, 0.5, 0.5), is_logits=True
)


def half_red(height=6, width=10):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = 255
    return image


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_a_map_has_the_photographs_size_and_the_networks_probabilities(
    tmp_path,
):
    path = onnx_samples.write(tmp_path / "m.onnx", gain=4)
    predict, size = onnx_model.open_model(path, PLAIN)
    found = predict(half_red())
    assert size == (8, 8)
    assert (found.shape, found.dtype) == ((6, 10), np.float32)
    np.testing.assert_allclose(found[:, :3], sigmoid(4), rtol=1e-5)
    np.testing.assert_allclose(found[:, -3:], 0.5, rtol=1e-5)


def test_a_map_is_not_stretched_to_zero_and_one(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx")
    predict, _ = onnx_model.open_model(path, PLAIN)
    empty = predict(np.full((5, 7, 3), 51, np.uint8))
    np.testing.assert_allclose(empty, sigmoid(4 * 0.2), rtol=1e-5)


def test_logits_become_probabilities(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx", is_logits=True, gain=3)
    predict, _ = onnx_model.open_model(path, LOGITS)
    found = predict(half_red())
    np.testing.assert_allclose(found[:, 0], sigmoid(3.0), rtol=1e-5)
    np.testing.assert_allclose(found[:, -1], sigmoid(-3.0), rtol=1e-5)


def test_colours_are_red_first_and_normalised_as_stated():
    image = np.zeros((2, 2, 3), np.uint8)
    image[...] = (200, 100, 50)
    found = onnx_model.network_input(image, (3, 4), CONVENTIONS["u2net"])
    assert (found.shape, found.dtype) == ((1, 3, 3, 4), np.float32)
    wanted = [
        (1.0 - 0.485) / 0.229,  # 200 is the maximum.
        (0.5 - 0.456) / 0.224,
        (0.25 - 0.406) / 0.225,
    ]
    np.testing.assert_allclose(found[0, :, 0, 0], wanted, rtol=1e-5)
    found = onnx_model.network_input(image, (3, 4), CONVENTIONS["isnet"])
    np.testing.assert_allclose(
        found[0, :, 0, 0], np.array([200, 100, 50]) / 255 - 0.5, rtol=1e-5
    )


def test_a_black_photograph_is_divided_by_one():
    black = np.zeros((4, 4, 3), np.uint8)
    found = onnx_model.network_input(black, (2, 2), CONVENTIONS["u2net"])
    np.testing.assert_allclose(found[0, 0], -0.485 / 0.229, rtol=1e-5)


def test_a_map_stays_within_its_range_when_it_grows_or_shrinks():
    chess = np.indices((8, 8)).sum(0) % 2
    for size in ((3, 3), (20, 5), (50, 60)):
        found = onnx_model.resized(chess, size)
        assert found.shape == size
        assert found.min() >= 0
        assert found.max() <= 1
    np.testing.assert_allclose(onnx_model.resized(chess, (4, 4)), 0.5, atol=0.1)


def test_a_model_of_any_size_takes_the_conventions_or_a_stated_one(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx", size=(None, None))
    assert onnx_model.open_model(path, PLAIN, 16)[1] == (16, 16)
    assert onnx_model.open_model(path, PLAIN)[1] == (1024, 1024)
    path = onnx_samples.write(tmp_path / "m.onnx", size=(12, None))
    u2net = CONVENTIONS["u2net"]
    assert onnx_model.open_model(path, u2net)[1] == (12, 320)


@pytest.mark.parametrize(
    ("made", "most"),
    [
        ({}, 1),
        ({"batch": "any"}, None),
        ({"batch": "any", "is_reshaped": True}, 1),
    ],
)
def test_photographs_share_a_batch_where_the_model_takes_any_number(
    tmp_path, made, most
):
    path = onnx_samples.write(tmp_path / "m.onnx", **made)
    predictor, _ = onnx_model.open_model(path, PLAIN)
    assert predictor.max_batch_size == most
    images = [half_red(), half_red()[:, ::-1], half_red(4, 5)]
    frames = [predictor.frame(image) for image in images]
    framed = ((each.places, each.inputs) for each in frames)
    for image, (places, outputs) in zip(
        images,
        batches.in_batches(predictor.run, framed, most or 3),
        strict=True,
    ):
        found = predictor.finish(outputs, places)
        np.testing.assert_array_equal(found, predictor(image))
        assert found.shape == image.shape[:2]


def test_a_model_in_half_precision_runs(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx", dtype=TensorProto.FLOAT16)
    predict, _ = onnx_model.open_model(path, PLAIN)
    found = predict(half_red())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], sigmoid(4), rtol=1e-3)


def test_the_same_photograph_gives_the_same_map(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx")
    image = np.random.default_rng(0).integers(0, 256, (9, 5, 3), np.uint8)
    first, second = (
        onnx_model.open_model(path, PLAIN)[0](image) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("arguments", "convention", "size", "message"),
    [
        (
            {"channels": 4},
            PLAIN,
            None,
            r"m\.onnx: wanted one input \[1, 3, rows, columns\] of floats, "
            r"found image \[1, 4, 8, 8\] tensor\(float\)$",
        ),
        (
            {"extra_input": True},
            PLAIN,
            None,
            r"found image \[1, 3, 8, 8\] tensor\(float\), points \[1, 2\] "
            r"tensor\(float\)$",
        ),
        (
            {},
            PLAIN,
            16,
            r"m\.onnx: its input has 8 x 8 pixels, so --saliency_input_size=16 "
            r"cannot be; leave the flag out$",
        ),
        (
            {"maps": 2},
            PLAIN,
            None,
            r"m\.onnx: wanted one map as the first output, \[1, 1, rows, "
            r"columns\], found map \[1, 2, 8, 8\]$",
        ),
        (
            {"is_logits": True},
            PLAIN,
            None,
            r"m\.onnx: wanted probabilities from 0 to 1, found \S+ to \S+; if "
            r"these are logits, give --saliency_logits$",
        ),
        (
            {},
            LOGITS,
            None,
            r"m\.onnx: wanted logits, found values of \S+ to \S+, which are "
            r"probabilities already; give --nosaliency_logits$",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_refused_at_once(
    arguments, convention, size, message, tmp_path
):
    path = onnx_samples.write(tmp_path / "m.onnx", **arguments)
    with pytest.raises(ValueError, match=message):
        onnx_model.open_model(path, convention, size)


def test_a_size_that_a_network_cannot_take_is_told(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx", size=(None, 8))
    failing = mock.Mock(side_effect=RuntimeError("no such shape"))
    with (
        mock.patch.object(onnxruntime.InferenceSession, "run", failing),
        pytest.raises(
            ValueError,
            match=r"m\.onnx: onnxruntime cannot run it on 32 x 8 pixels \(no "
            r"such shape\); set --saliency_input_size to a size that its "
            r"documentation names$",
        ),
    ):
        onnx_model.open_model(
            path, Convention(mean=(0, 0, 0), stddev=(1, 1, 1), input_size=32)
        )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"^no ONNX model at .*none\.onnx; --saliency=onnx:PATH wants a "
        r"file$",
    ):
        onnx_model.open_model(tmp_path / "none.onnx", PLAIN)


def test_another_file_is_named(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"a photograph")
    with pytest.raises(
        ValueError,
        match=r"m\.onnx: wanted an ONNX model, found something that "
        r"onnxruntime cannot load: ",
    ):
        onnx_model.open_model(tmp_path / "m.onnx", PLAIN)


def test_a_missing_extra_is_one_line(tmp_path):
    with (
        mock.patch.dict(sys.modules, {"onnxruntime": None}),
        pytest.raises(
            ValueError,
            match=r"^--saliency=onnx:PATH: wanted the package onnxruntime, "
            r"found none; pip install 'guided_segmentation\[saliency\]'$",
        ),
    ):
        onnx_model.open_model(tmp_path / "m.onnx", PLAIN)
