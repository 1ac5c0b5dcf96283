import numpy as np

from guided_segmentation import segmenter, visualize


def test_a_small_overlay_is_that_of_visualize():
    image = np.full((20, 30, 3), 90, np.uint8)
    label_map = np.zeros((20, 30), np.uint8)
    label_map[5:15, 10:20] = 3
    np.testing.assert_array_equal(
        segmenter.overlay(image, label_map),
        visualize.overlay(image, label_map),
    )


def test_a_large_overlay_has_a_limited_size():
    label_map = np.zeros((2 * segmenter.OVERLAY_PX, 300), np.uint8)
    label_map[: segmenter.OVERLAY_PX] = 1
    image = np.full((100, 9, 3), 90, np.uint8)
    picture = segmenter.overlay(image, label_map)
    assert picture.shape == (segmenter.OVERLAY_PX, 150, 3)
    assert picture[100, 70, 0] > picture[-100, 70, 0]
