import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from maps import SMALL, grid

from guided_segmentation.guides import regions


def squares(num_rows, num_columns):
    """Squares of 2 x 2 pixels with gaps of one pixel, none at the border."""
    square = np.pad(np.ones((2, 2), bool), (1, 0))
    return np.tile(square, (num_rows, num_columns))


def test_kept_components_are_numbered_without_gaps():
    mask = grid("##.#.## ##.#.## .......").astype(bool)
    np.testing.assert_array_equal(
        regions.components(mask, 4), grid("11...22 11...22 .......")
    )


def test_seed_components_have_a_class_for_every_number():
    seeds = grid("1100033 1100033 0000000 3300033 3300033")
    numbers, classes = regions.seed_components(
        seeds, np.array([True, False, True]), SMALL
    )
    np.testing.assert_array_equal(classes, [255, 0, 1, 3, 3, 3])
    np.testing.assert_array_equal(classes[numbers], seeds)
    assert len(np.unique(numbers)) == 5


def test_intersecting_finds_every_pair_that_shares_a_pixel():
    salient = grid("1110222 0000000 3330000").astype(np.int32)
    seeds = grid("0110100 0110100 0002200").astype(np.int32)
    wanted = np.zeros((4, 3), bool)
    wanted[1, 1] = wanted[2, 1] = True
    np.testing.assert_array_equal(regions.intersecting(salient, seeds), wanted)


@given(
    arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))),
    st.integers(1, 9),
    st.integers(1, 400),
)
def test_components_are_those_of_scipy(mask, min_area_px, first):
    ndimage = pytest.importorskip("scipy.ndimage")
    labelled, _ = ndimage.label(mask, np.ones((3, 3)))
    wanted = np.zeros(mask.shape, int)
    number = first
    for index, box in enumerate(ndimage.find_objects(labelled), start=1):
        area = (labelled == index).sum()
        if area >= min_area_px and min(labelled[box].shape) > 1:
            wanted[labelled == index] = number
            number += 1
    found = regions.components(mask, min_area_px, first)
    assert sorted(np.unique(found)) == sorted(np.unique(wanted))
    pairs = set(zip(found.ravel(), wanted.ravel(), strict=True))
    assert len(pairs) == len(np.unique(wanted))  # Equal but for the order.


@pytest.mark.parametrize(
    "shape, dtype", [((5, 50), "u1"), ((10, 30), "u2"), ((260, 270), "u4")]
)
def test_any_number_of_components_has_a_number_each(shape, dtype):
    found = regions.components(squares(*shape), 4)
    assert found.dtype == dtype
    corners = found[1::3, 1::3]
    assert len(np.unique(corners)) == corners.size == found.max()
    np.testing.assert_array_equal(found[2::3, 2::3], corners)
    assert not found[::3].any() and not found[:, ::3].any()


@pytest.mark.parametrize("num_rows", [3, 40])
def test_more_than_255_components_intersect_as_fewer_do(num_rows):
    first = regions.components(squares(num_rows, 12), 4)
    second = np.roll(first, 3, axis=1)  # Each square over its neighbour.
    intersects = regions.intersecting(first, second)
    wanted = np.zeros(intersects.shape, bool)
    wanted[first.ravel(), second.ravel()] = True
    wanted[0, 0] = False
    np.testing.assert_array_equal(intersects, wanted)
    assert intersects.sum() == first.max()


@pytest.mark.parametrize("num_rows", [3, 255, 256, 400])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32])
def test_look_up_is_indexing(num_rows, dtype):
    rng = np.random.default_rng(num_rows)
    table = rng.integers(0, 2, num_rows).astype(dtype)
    numbers = rng.integers(0, num_rows, (7, 9))
    found = regions.look_up(table, numbers)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, table[numbers])


@pytest.mark.parametrize("few", [0, 255])
@pytest.mark.parametrize("first", [1, 250, 300])
def test_components_in_holes_of_others_are_their_own(monkeypatch, few, first):
    monkeypatch.setattr(regions, "_FEW", few)
    mask = np.ones((20, 20), bool)
    mask[3:17, 3:17] = False
    mask[6:14, 6:14] = True
    mask[9:11, 9:11] = False
    found = regions.components(mask, 4, first)
    wanted = np.where(mask, first, 0)
    wanted[6:14, 6:14] = np.where(mask[6:14, 6:14], first + 1, 0)
    np.testing.assert_array_equal(found, wanted)
    # Neither what lies in a hole nor the hole itself adds to an area.
    assert (
        regions.components(mask, 61, first) == first * (wanted == first)
    ).all()
    assert not regions.components(mask, 400 - 14 * 14 + 1, first).any()


def test_a_component_that_is_the_whole_mask_has_its_number():
    mask = grid(".##. .##. .##.").astype(bool)
    found = regions.components(mask, 6, first=7)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, 7 * mask)


def test_what_opencv_cannot_paint_has_the_type_of_its_numbers():
    mask = grid("##.## ##.##").astype(bool)
    found = regions.components(mask, 4, first=70_000)
    assert found.dtype == np.uint32
    assert set(found.ravel()) == {0, 70_000, 70_001}


@given(st.integers(0, 2**32 - 1), st.floats(0.4, 3), st.floats(0, 1))
@settings(deadline=None)
def test_borders_and_labels_find_the_same_components(seed, blur, fraction):
    noise = np.random.default_rng(seed).random((47, 61), np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), blur)
    mask = noise > np.quantile(noise, fraction)
    found = regions.components(mask, 9)
    wanted = regions._many_components(mask, 9, 1)
    assert found.dtype == wanted.dtype and found.max() == wanted.max()
    pairs = set(zip(found.ravel(), wanted.ravel(), strict=True))
    assert len(pairs) == len(np.unique(wanted))
