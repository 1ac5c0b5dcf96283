import numpy as np
import pytest

from guided_segmentation.exports.instances import instances


def areas(*rows):
    label_map = np.array(rows, np.uint8)
    return [(each.class_index, each.area) for each in instances(label_map)]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (([0, 0], [0, 0]), []),
        (([0, 255], [255, 0]), []),  # Ignored pixels are no object.
        (([3, 0, 3], [3, 0, 3]), [(3, 2), (3, 2)]),
        (([1, 2], [2, 1]), [(1, 2), (2, 2)]),  # Corners connect.
        (([254, 254], [0, 254]), [(254, 3)]),
        (([5, 5, 5], [5, 0, 5], [5, 5, 5]), [(5, 8)]),  # Around a hole.
    ],
)
def test_connected_regions_are_instances(rows, wanted):
    assert areas(*rows) == wanted


def test_instances_make_up_the_label_map_again():
    rng = np.random.default_rng(0)
    label_map = rng.integers(0, 4, (30, 40)).astype(np.uint8)
    again = np.zeros_like(label_map)
    for each in instances(label_map):
        height, width = each.mask.shape
        part = again[
            each.row : each.row + height, each.column : each.column + width
        ]
        assert not part[each.mask].any()
        part[each.mask] = each.class_index
    np.testing.assert_array_equal(again, label_map)
