import threading

import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import artifacts, crf, segmenter
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.segmenter import decision

STRONG = crf.CrfSettings(
    bilateral_weight=10.0, bilateral_xy_px=20.0, num_steps=5
)


def halves(height=20, width=30):
    """A photograph, dark on the left and bright on the right."""
    image = np.full((height, width, 3), 40, np.uint8)
    image[:, width // 2 :] = 210
    return image


def unsure(image):
    """Class 1 on the bright side, but for one wrong pixel on each."""
    bright = (image[..., 0] > 100).astype(np.float32)
    bright[5, 5], bright[5, 25] = 1, 0
    bright = 0.4 + 0.2 * bright
    return np.stack([1 - bright, bright, 0 * bright + 1e-6], -1)


def source(count=3):
    return schema.Source(
        name="halves",
        image_ids=tuple(f"2007_{index}" for index in range(count)),
        image=lambda image_id: halves(width=20 + 10 * int(image_id[-1])),
    )


def test_without_a_crf_the_class_of_highest_probability_wins():
    probabilities = np.array([[[0.2, 0.5, 0.3], [0.4, 0.1, 0.5]]], np.float32)
    label_map = segmenter.label_map(halves(1, 2), probabilities)
    assert label_map.dtype == np.uint8
    assert label_map.tolist() == [[1, 2]]


def test_with_a_crf_a_pixel_follows_pixels_of_its_colour():
    image = halves()
    probabilities = unsure(image)
    plain = segmenter.label_map(image, probabilities)
    refined = segmenter.label_map(image, probabilities, STRONG)
    assert (plain[5, 5], plain[5, 25]) == (1, 0)
    np.testing.assert_array_equal(refined, image[..., 0] > 100)
    assert refined.dtype == np.uint8


def test_a_crf_without_pairwise_terms_is_no_crf():
    image = halves()
    probabilities = unsure(image)
    np.testing.assert_array_equal(
        segmenter.label_map(image, probabilities, crf.NONE),
        segmenter.label_map(image, probabilities),
    )


def test_every_photograph_gets_a_label_map_of_its_own_size(tmp_path):
    seen = []

    def predict(image):
        assert image.shape[0] == 1
        seen.append(image.shape[2])
        bright = tf.cast(image[..., 0] > 100, tf.float32)
        return tf.stack([1 - bright, bright], -1)

    segmenter.segment_images(predict, source(), {tmp_path: None})
    assert seen == [20, 30, 40]
    for image_id in source().image_ids:
        label_map = artifacts.read_label_map(tmp_path / f"{image_id}.png")
        expected = source().image(image_id)[..., 0] > 100
        np.testing.assert_array_equal(label_map, expected)
    (tmp_path / "2007_1.png").unlink()
    segmenter.segment_images(predict, source(), {tmp_path: None})
    segmenter.segment_images(predict, source(), {tmp_path: None})
    assert seen == [20, 30, 40, 30]


def test_one_prediction_serves_a_folder_without_and_one_with_crf(tmp_path):
    calls = []

    def predict(image):
        calls.append(image.shape)
        return unsure(image[0])[None]

    one = schema.Source(
        name="one", image_ids=("2007_1",), image=lambda _: halves()
    )
    folders = {tmp_path / "plain": None, tmp_path / "plain" / "crf": STRONG}
    segmenter.segment_images(predict, one, folders)
    segmenter.segment_images(predict, one, folders)
    assert len(calls) == 1
    plain, refined = (
        artifacts.read_label_map(folder / "2007_1.png") for folder in folders
    )
    assert plain[5, 5] == 1
    assert refined[5, 5] == 0
    (tmp_path / "plain" / "crf" / "2007_1.png").unlink()
    (tmp_path / "plain" / "2007_1.png").write_bytes(b"of another run")
    segmenter.segment_images(predict, one, folders)
    assert len(calls) == 2
    assert (tmp_path / "plain" / "crf" / "2007_1.png").exists()
    kept = (tmp_path / "plain" / "2007_1.png").read_bytes()
    assert kept == b"of another run"


def test_the_next_photograph_is_predicted_while_one_is_refined(
    tmp_path, monkeypatch
):
    begun = [threading.Event() for _ in range(3)]

    def predict(image):
        begun[image.shape[2] // 10 - 2].set()
        return np.zeros((*image.shape[:3], 2), np.float32)

    def refine(image, probabilities, settings):
        del probabilities, settings
        index = image.shape[1] // 10 - 2
        assert begun[min(index + 1, 2)].wait(timeout=30)
        return np.full(image.shape[:2], index, np.uint8)

    monkeypatch.setattr(decision, "label_map", refine)
    segmenter.segment_images(predict, source(), {tmp_path: STRONG})
    for index, image_id in enumerate(source().image_ids):
        label_map = artifacts.read_label_map(tmp_path / f"{image_id}.png")
        assert label_map.shape == (20, 20 + 10 * index)
        assert (label_map == index).all()


def test_only_objects_that_are_present_are_predicted(tmp_path):
    """Class 2 has the highest probability; the labels have class 1 alone."""
    likely = np.array([[[0.3, 0.1, 0.6], [0.1, 0.3, 0.6]]], np.float32)
    labelled = schema.Source(
        name="two",
        image_ids=("2007_000032",),
        image=lambda _: halves(1, 2),
        image_labels=lambda _: np.array([True, False]),
    )
    for only_present, wanted in ((False, [[2, 2]]), (True, [[0, 1]])):
        folders = {
            tmp_path / f"{only_present}": None,
            tmp_path / f"{only_present}_crf": crf.NONE,
        }
        segmenter.segment_images(
            lambda _: tf.constant(likely[None]),
            labelled,
            folders,
            only_present=only_present,
        )
        for folder in folders:
            found = artifacts.read_label_map(folder / "2007_000032.png")
            assert found.tolist() == wanted


def test_an_error_of_the_prediction_names_the_image(tmp_path):
    def predict(image):
        raise InputError(f"too small: {image.shape[1]} rows")

    with pytest.raises(
        ValueError, match=r"^image '2007_0': too small: 20 rows$"
    ):
        segmenter.segment_images(predict, source(), {tmp_path: None})
