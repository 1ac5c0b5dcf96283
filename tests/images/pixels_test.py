import numpy as np
import tensorflow as tf

from guided_segmentation import images


def test_the_mean_is_subtracted_from_blue_green_red():
    rgb = np.array([[[122.679, 116.669, 104.007], [255, 0, 0]]], np.float32)
    np.testing.assert_allclose(
        images.subtract_mean(rgb),
        [[[0, 0, 0], [-104.007, -116.669, 132.321]]],
        atol=1e-4,
    )


def test_sampling_is_linear_between_points_and_clipped_beyond():
    grid = np.array([[0.0, 10], [20, 30]], np.float32)[..., None]
    rows = tf.constant([-5.0, 0, 0.5, 7])
    columns = tf.constant([0.0, 0.25, 1.5])
    np.testing.assert_allclose(
        images.sample(grid, rows, columns)[..., 0],
        [[0, 2.5, 10], [0, 2.5, 10], [10, 12.5, 20], [20, 22.5, 30]],
    )


def test_sampling_a_grid_of_one_cell_gives_that_cell_everywhere():
    grid = tf.fill([1, 1, 2], 7.0)
    read = images.sample(grid, tf.range(3.0), tf.range(4.0))
    np.testing.assert_array_equal(read, np.full((3, 4, 2), 7))
