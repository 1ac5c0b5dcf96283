import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from guided_segmentation.seeders import smoothing


@pytest.mark.parametrize("shape", [(2, 20, 31), (1, 3, 50)])
@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_maps_are_smoothed_as_by_scipy(shape, sigma):
    """Also if the kernel of 17 cells is wider than the map."""
    maps = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = ndimage.gaussian_filter(
        maps.astype(np.float64), (0, sigma, sigma), mode="mirror"
    )
    assert np.abs(expected - maps).max() > 0.1
    np.testing.assert_allclose(
        smoothing.gaussian(tf.constant(maps), sigma), expected, atol=1e-5
    )


def test_a_standard_deviation_of_0_leaves_maps_unchanged():
    maps = tf.random.stateless_normal([2, 4, 5], [0, 0])
    np.testing.assert_array_equal(smoothing.gaussian(maps, 0.0), maps)


def test_an_empty_batch_of_maps_stays_empty():
    assert smoothing.gaussian(tf.zeros([0, 4, 5]), 1.0).shape == (0, 4, 5)
