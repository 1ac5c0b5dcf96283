import numpy as np
import pytest

from guided_segmentation.datasets.scenes import masks


def test_a_tight_box_is_half_open():
    mask = np.zeros((6, 8), bool)
    mask[2:4, 3:7] = True
    assert masks.tight_box(mask) == (2, 3, 4, 7)


def test_a_box_around_nothing_is_refused():
    with pytest.raises(ValueError, match="wanted a mask with a box around it"):
        masks.tight_box(np.zeros((3, 3), bool))


def test_an_eroded_block_loses_its_rim():
    block = np.zeros((5, 6), bool)
    block[1:4, 1:5] = True
    wanted = np.zeros((5, 6), bool)
    wanted[2, 2:4] = True
    np.testing.assert_array_equal(masks.erode(block), wanted)


def test_a_dilated_pixel_is_a_diamond_in_a_larger_window():
    pixel = np.ones((1, 1), bool)
    wanted = np.zeros((5, 5), bool)
    wanted[2, 1:4] = wanted[1:4, 2] = True
    np.testing.assert_array_equal(masks.dilate(pixel, 1), wanted)


def test_depths_grow_from_the_edge_to_the_middle():
    block = np.zeros((7, 7), bool)
    block[1:6, 1:6] = True
    assert masks.depths(block)[3].tolist() == [0, 1, 2, 3, 2, 1, 0]
    assert masks.depths(block)[1].tolist() == [0, 1, 1, 1, 1, 1, 0]
