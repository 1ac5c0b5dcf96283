import cv2
import export_samples
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from PIL import Image, ImageDraw

from guided_segmentation.exports.instances import Instance, instances
from guided_segmentation.exports.polygons import polygon


def filled(corners, shape=export_samples.SIZE):
    """Fills a polygon by the even-odd rule, as OpenCV does."""
    canvas = np.zeros(shape, np.uint8)
    return cv2.fillPoly(canvas, [corners.astype(np.int32)], 1).astype(bool)


def whole(instance, shape=export_samples.SIZE):
    canvas = np.zeros(shape, bool)
    height, width = instance.mask.shape
    rows = slice(instance.row, instance.row + height)
    columns = slice(instance.column, instance.column + width)
    canvas[rows, columns] = instance.mask
    return canvas


@pytest.mark.parametrize("number", range(6))
def test_a_filled_polygon_is_its_region_again(number):
    """Rings keep their holes."""
    found = list(instances(export_samples.label_map()))
    assert len(found) == 6
    region = whole(found[number])
    assert export_samples.iou(filled(polygon(found[number])), region) > 0.98


def test_pillow_fills_it_likewise():
    ring = next(instances(export_samples.label_map()))
    canvas = Image.new("1", export_samples.SIZE[::-1])
    ImageDraw.Draw(canvas).polygon(list(map(tuple, polygon(ring))), 1, 1)
    assert export_samples.iou(np.asarray(canvas), whole(ring)) > 0.95


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 9), (9, 1), (2, 2)])
def test_the_smallest_regions_have_three_corners(shape):
    region = Instance(1, 3, 4, np.ones(shape, bool))
    corners = polygon(region)
    assert len(corners) >= 3
    np.testing.assert_array_equal(filled(corners), whole(region))


@hypothesis.settings(deadline=None, max_examples=40)
@hypothesis.given(strategies.integers(0, 2**32 - 1))
def test_large_regions_come_back_whatever_their_shape(seed):
    """Smooth random regions with holes, as networks predict."""
    rng = np.random.default_rng(seed)
    noise = cv2.resize(
        rng.random((9, 12), np.float32),
        (200, 150),
        interpolation=cv2.INTER_CUBIC,
    )
    for each in instances((noise > 0.45).astype(np.uint8)):
        if each.area > 500:
            corners = polygon(each)
            assert export_samples.iou(filled(corners), whole(each)) > 0.98
