import numpy as np

from guided_segmentation.datasets.scenes import random_values


def test_colours_of_the_hsv_cone_are_worked_by_hand():
    assert random_values.rgb(0, 1, 1) == (1, 0, 0)
    np.testing.assert_allclose(random_values.rgb(1 / 3, 1, 0.5), (0, 0.5, 0))
    np.testing.assert_allclose(random_values.rgb(2 / 3, 0.5, 1), (0.5, 0.5, 1))


def test_directions_have_unit_length_and_point_everywhere():
    rng = np.random.default_rng(0)
    ways = np.array([random_values.direction(rng) for _ in range(400)])
    np.testing.assert_allclose((ways**2).sum(1), 1)
    quadrants = (ways > 0) @ [1, 2]
    assert np.bincount(quadrants).min() > 60


def test_noise_is_smooth_and_in_its_range():
    """Neighbours on a grid of 8 px differ by 1/8 at most."""
    drawn = random_values.noise(np.random.default_rng(0), (40, 61), 8)
    assert drawn.shape == (40, 61)
    assert 0 <= drawn.min() < 0.3 and 0.7 < drawn.max() < 1
    steps = [np.abs(np.diff(drawn, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 1 / 8
