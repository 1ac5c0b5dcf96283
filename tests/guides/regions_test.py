import numpy as np
from maps import SMALL, grid

from guided_segmentation.guides import regions


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
