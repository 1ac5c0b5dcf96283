import cv2
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import large


def probabilities(*shape, seed=0):
    values = np.random.default_rng(seed).random(shape, np.float32)
    return values / values.sum(-1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 4, 21, 255])
def test_strips_are_parts_of_the_whole_interpolated(monkeypatch, num_classes):
    """As TensorFlow interpolates, in strips of a few rows."""
    monkeypatch.setattr(large, "_STRIP_VALUES", 7 * 33 * num_classes)
    small = probabilities(6, 9, num_classes)
    found = list(large.strips(small, 50, 33))
    assert [len(strip) for strip in found] == 7 * [7] + [1]
    wanted = tf.image.resize(small, (50, 33)).numpy()
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-5)
    whole = large.resized(small, 50, 33)
    np.testing.assert_array_equal(whole, np.concatenate(found))


def test_probabilities_of_the_wanted_size_stay_what_they_are():
    small = probabilities(6, 9, 3)
    assert large.resized(small, 6, 9) is small
    assert next(large.strips(small, 6, 9)) is small


def test_a_row_wider_than_a_strip_is_a_strip(monkeypatch):
    monkeypatch.setattr(large, "_STRIP_VALUES", 20)
    small = probabilities(2, 2, 21)
    found = list(large.strips(small, 3, 5))
    assert [len(strip) for strip in found] == [1, 1, 1]


@pytest.mark.parametrize(
    ("shape", "most"),
    [((200, 300), 600), ((3, 4000), 500), ((4000, 1), 7), ((7, 5), 34)],
)
def test_a_reduced_image_fits_and_keeps_its_ratio(shape, most):
    image = np.full((*shape, 3), 77, np.uint8)
    rows, columns = large.reduced(image, most).shape[:2]
    assert rows * columns <= most
    if min(rows, columns) > 5:
        assert columns / rows == pytest.approx(shape[1] / shape[0], rel=0.1)
    assert (large.reduced(image, most) == 77).all()


def test_a_small_image_is_not_reduced():
    image = np.zeros((20, 30, 3), np.uint8)
    assert large.reduced(image, 600) is image


def test_areas_are_averaged():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0] = 100
    assert large.reduced(image, 1).tolist() == [[[50, 50, 50]]]


@pytest.mark.parametrize("size", [(7, 8), (20, 16), (3, 4), (5, 6)])
def test_label_maps_are_enlarged_to_the_nearest_pixel(size):
    label_map = np.arange(30, dtype=np.uint8).reshape(5, 6)
    found = large.enlarged(label_map, *size)
    wanted = cv2.resize(
        label_map, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT
    )
    np.testing.assert_array_equal(found, wanted)
