import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation import images


def reflected(index, length):
    """Walks from pixel to pixel, turning at either edge."""
    place, step = 0, 1 if index > 0 else -1
    for _ in range(abs(index)):
        if length == 1:
            return 0
        if not 0 <= place + step < length:
            step = -step
        place += step
    return place


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((30, 60), 321, (160, 321)),
        ((60, 30), 20, (20, 10)),
        ((500, 333), 321, (321, 214)),
        ((1, 1000), 33, (1, 33)),
    ],
)
def test_the_longer_side_has_the_size_wanted(shape, size, expected):
    for method in ("bilinear", "nearest"):
        resized = images.resize_longer_side(tf.zeros([*shape, 2]), size, method)
        assert resized.shape == (*expected, 2)


@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 24), st.integers(1, 24)
)
@settings(max_examples=60, deadline=None)
def test_padding_reflects_repeatedly(rows, columns, height, width):
    tensor = np.arange(rows * columns).reshape(1, rows, columns, 1)
    padded = images.reflect_pad(tensor, height, width)
    before = max(height - rows, 0) // 2, max(width - columns, 0) // 2
    for axis, length in ((1, rows), (2, columns)):
        total = max((height, width)[axis - 1], length)
        walk = range(-before[axis - 1], total - before[axis - 1])
        indices = [reflected(index, length) for index in walk]
        tensor = np.take(tensor, indices, axis)
    np.testing.assert_array_equal(padded, tensor)


def test_padding_by_less_than_the_image_equals_that_of_numpy():
    tensor = np.arange(5 * 6).reshape(5, 6, 1)
    np.testing.assert_array_equal(
        images.reflect_pad(tensor, 12, 9),
        np.pad(tensor, ((3, 4), (1, 2), (0, 0)), mode="reflect"),
    )


def test_padding_by_more_than_the_image_equals_that_of_numpy():
    tensor = np.arange(3).reshape(3, 1, 1)
    np.testing.assert_array_equal(
        tf.squeeze(images.reflect_pad(tensor, 13, 1)),
        np.pad(np.arange(3), (5, 5), mode="reflect"),
    )


@pytest.mark.parametrize(
    ("scale", "stride", "side"),
    [(1, 8, 321), (1.5, 8, 481), (1.5, 16, 481), (0.7, 8, 225), (0.7, 16, 225)],
)
def test_a_scaled_size_is_a_multiple_of_the_stride_plus_1(scale, stride, side):
    """0.7 * 320 = 224, a multiple of both strides; 0.73 is rounded."""
    assert images.scaled_size(321, scale, stride) == side
    assert images.scaled_size(321, 0.73, 16) == 241


def test_a_size_is_as_it_is_at_scale_1():
    """The classifier's 224 pixels of Table 6 are not 8 n + 1."""
    assert images.scaled_size(224, 1.0) == 224
    assert images.scaled_size(224, 0.5) == 113
