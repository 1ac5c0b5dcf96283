import numpy as np
import pytest

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.seeders import center_mean_shape
from guided_segmentation.seeders.center_mean_shape import CELLS

FARM = labels.LabelSet(("cow", "horse"))


def source(**label_maps):
    return schema.Source(
        name="farm/train",
        image_ids=tuple(label_maps),
        image=None,
        label_map=label_maps.__getitem__,
        label_set=FARM,
    )


def halves(left, right, height=20, width=2 * CELLS):
    found = np.full((height, width), left, np.uint8)
    found[:, width // 2 :] = right
    return found


def test_the_shape_is_the_mean_over_objects_in_the_frames_of_their_images():
    """Of three masks: left half, right half, left half of a larger image."""
    found = center_mean_shape.mean_shape(
        source(a=halves(1, 2), b=halves(2, labels.IGNORE, 50, 3 * CELLS * 2))
    )
    assert found.shape == (CELLS, CELLS)
    np.testing.assert_allclose(found[:, :20], 2 / 3, atol=1e-6)
    np.testing.assert_allclose(found[:, 21:], 1 / 3, atol=1e-6)
    np.testing.assert_allclose(found[:, 20], 1 / 2, atol=1e-6)


def test_a_mask_counts_by_the_fraction_of_a_cell_that_it_covers():
    label_map = np.zeros((2 * CELLS, CELLS), np.uint8)
    label_map[0] = 1
    found = center_mean_shape.mean_shape(source(a=label_map))
    np.testing.assert_allclose(found[0], 0.5, atol=1e-6)
    assert found[1:].max() == 0


def test_every_image_and_every_object_gets_the_same_map_at_its_own_size():
    shape = np.linspace(0, 1, CELLS**2).reshape(CELLS, CELLS)
    seeder, objects = center_mean_shape.seeder(shape), np.arange(3)
    maps, logits = seeder(np.zeros((CELLS, 2 * CELLS, 3), np.uint8), objects)
    other, _ = seeder(np.full((CELLS, 2 * CELLS, 3), 200, np.uint8), objects)
    assert logits is None
    assert maps.shape == (CELLS, 2 * CELLS, 3)
    np.testing.assert_array_equal(maps, other)
    np.testing.assert_array_equal(maps[..., 0], maps[..., 2])
    middles = (maps[:, 1:-1:2, 0] + maps[:, 2::2, 0]) / 2
    np.testing.assert_allclose(
        middles, (shape[:, :-1] + shape[:, 1:]) / 2, atol=1e-6
    )


def test_data_without_label_maps_are_refused():
    bare = schema.Source(name="photos", image_ids=("a",), image=None)
    with pytest.raises(ValueError, match="photos has no label maps to take"):
        center_mean_shape.mean_shape(bare)


def test_label_maps_without_an_object_are_refused():
    with pytest.raises(
        ValueError,
        match=r"farm/train: wanted objects .* label maps of 2 images",
    ):
        center_mean_shape.mean_shape(source(a=halves(0, 255), b=halves(0, 0)))
