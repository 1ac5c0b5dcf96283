import dataclasses

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.networks import batches
from guided_segmentation.saliency import detector


def source(count=3):
    images = {
        f"2007_{i}": np.full((1, 4, 3), 10 * i, np.uint8) for i in range(count)
    }
    return schema.Source(
        name="photographs", image_ids=tuple(images), image=images.get
    )


class Predict:
    """Finds the right side salient, never quite sure."""

    def __init__(self):
        self.seen = []

    def __call__(self, image):
        self.seen.append(int(image[0, 0, 0, 0]))
        assert image.shape == (1, 1, 4, 3)
        salient = np.array([0.0, 0.2, 0.3, 0.6], np.float32)
        return np.stack([1 - salient, salient], -1)[None, None]


def test_a_saliency_map_is_relative_to_the_images_maximum():
    salient = np.array([[0.1, 0.2], [0.4, 0.0]], np.float32)
    result = detector.saliency_map(np.stack([1 - salient, salient], -1))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[0.25, 0.5], [1, 0]])


def test_where_nothing_at_all_is_salient_the_map_is_zero():
    probabilities = np.zeros((2, 3, 2), np.float32)
    assert not detector.saliency_map(probabilities).any()


def test_the_threshold_is_half_of_the_maximum_inclusive():
    assert detector.THRESHOLD == 0.5
    saliency_map = np.array([[0.499, 0.5, 1]], np.float32)
    mask = detector.saliency_mask(saliency_map)
    assert mask.dtype == bool
    assert mask.tolist() == [[False, True, True]]
    assert detector.saliency_mask(saliency_map, 1.0).sum() == 1


@pytest.mark.parametrize(
    ("maximum", "lowest"), [(255, 128), (254, 127), (127, 64), (2, 1), (1, 1)]
)
def test_in_a_file_of_any_maximum_the_mask_begins_at_half_of_it(
    maximum, lowest, tmp_path
):
    levels = np.arange(maximum + 1)[None]
    artifacts.write_saliency_map(tmp_path / "s.png", levels / 255)
    mask = detector.saliency_mask(
        artifacts.read_saliency_map(tmp_path / "s.png")
    )
    np.testing.assert_array_equal(mask, levels >= lowest)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_the_mask_of_a_map_without_saliency_is_empty(threshold):
    zeros = np.zeros((2, 3), np.float32)
    assert not detector.saliency_mask(zeros, threshold).any()


def test_a_mask_of_255_levels_is_that_of_level_128(tmp_path):
    levels = np.random.default_rng(0).integers(256, size=(64, 64))
    levels[0, 0] = 255
    artifacts.write_saliency_map(tmp_path / "s.png", levels / 255)
    mask = detector.saliency_mask(
        artifacts.read_saliency_map(tmp_path / "s.png")
    )
    np.testing.assert_array_equal(mask, levels >= 128)


def test_saliency_maps_are_written_relative_to_their_maximum(tmp_path):
    detector.make_saliency(Predict(), source(), tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    made = artifacts.read_saliency_map(tmp_path / "2007_2.png")
    np.testing.assert_allclose(made, [[0, 1 / 3, 0.5, 1]], atol=1 / 255)
    mask = detector.saliency_mask(made)
    assert mask.tolist() == [[False, False, True, True]]


def test_only_missing_saliency_maps_are_made(tmp_path):
    detector.make_saliency(Predict(), source(), tmp_path)
    (tmp_path / "2007_1.png").unlink()
    predict = Predict()
    detector.make_saliency(predict, source(), tmp_path)
    detector.make_saliency(predict, source(), tmp_path)
    assert predict.seen == [10]


def test_a_detectors_probabilities_are_written_as_they_are(tmp_path):
    faint = np.array([[0.0, 0.1, 0.2, 0.02]], np.float32)
    detector.write_maps(lambda image: faint, source(1), tmp_path)
    made = artifacts.read_saliency_map(tmp_path / "2007_0.png")
    np.testing.assert_allclose(made, faint, atol=0.5 / 255)
    mask = detector.saliency_mask(made)
    assert mask.tolist() == [[False, True, True, False]]


def test_a_photograph_without_objects_keeps_an_empty_mask(tmp_path):
    nothing = np.full((1, 4), 0.001, np.float32)
    detector.write_maps(lambda image: nothing, source(1), tmp_path)
    made = artifacts.read_saliency_map(tmp_path / "2007_0.png")
    assert not detector.saliency_mask(made).any()


def test_only_missing_maps_of_a_detector_are_made(tmp_path):
    seen = []

    def predict(image):
        seen.append(int(image[0, 0, 0]))
        return np.zeros(image.shape[:2], np.float32)

    detector.write_maps(predict, source(), tmp_path)
    (tmp_path / "2007_2.png").unlink()
    detector.write_maps(predict, source(), tmp_path)
    assert seen == [0, 10, 20, 20]


def test_a_large_photograph_is_predicted_at_a_smaller_size(tmp_path):
    sizes = []

    def ramp(image):
        sizes.append(image.shape[:2])
        row = np.linspace(0, 1, image.shape[1], dtype=np.float32)
        return np.tile(row, (len(image), 1))

    image = np.zeros((200, 300, 3), np.uint8)
    big = dataclasses.replace(source(1), image=lambda _: image)
    predictor = batches.one_by_one(lambda images: ramp(images[0])[None])
    predictor = dataclasses.replace(predictor, max_pixels=20 * 30)
    detector.write_maps(predictor, big, tmp_path)
    assert sizes == [(20, 30)]
    made = artifacts.read_saliency_map(tmp_path / "2007_0.png")
    assert made.shape == (200, 300)
    np.testing.assert_allclose(made[7], np.linspace(0, 1, 300), atol=0.03)


def test_maps_of_a_predictor_are_made_in_batches(tmp_path):
    sizes = []

    def run(inputs):
        sizes.append(len(inputs[0]))
        return (inputs[0][..., 0] / np.float32(255),)

    predictor = batches.Predictor(
        frame=lambda image: batches.Frames((image,), None),
        run=run,
        finish=lambda outputs, _: outputs[0],
    )
    detector.write_maps(predictor, source(), tmp_path, batch_size=2)
    assert sizes == [2, 1]
    made = artifacts.read_saliency_map(tmp_path / "2007_2.png")
    np.testing.assert_allclose(made, 20 / 255)
