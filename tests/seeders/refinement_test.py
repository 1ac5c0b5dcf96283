import numpy as np

from guided_segmentation import crf
from guided_segmentation.seeders import refinement


def score_three_objects(image, objects):
    """Returns scores that rise, stay and fall from left to right."""
    row = np.array([[-1, 0, 1, 10], [90, 90, 90, 90], [4, 2, -1, -1]])
    maps = np.broadcast_to(row.T, (2, 4, 3)).astype(np.float32)
    return maps[..., objects], np.array([1.0, 2.0, 3.0])


def halves(left, right, size=12):
    """Returns an image of which each half has one grey level."""
    image = np.full((size, size, 3), left, np.uint8)
    image[:, size // 2 :] = right
    return image


def test_refined_maps_stop_at_an_edge_of_the_image():
    image = halves(0, 255)
    relative = np.full((12, 12, 1), 0.4, np.float32)
    relative[3:9, :6] = 0.9
    relative[6, 3] = 1
    found = refinement.refine(image, relative, crf.DEEPLAB)
    assert found.shape == relative.shape
    assert found.min() >= 0
    assert found.max() <= 1
    assert found[:, :6].min() > 0.9
    assert found[:, 6:].max() < 0.5


def test_without_pairwise_terms_refined_maps_are_normalised_maps():
    """Of one class; the background has the rest."""
    relative = np.array([[[1.0], [0.25]], [[0.5], [0.75]]], np.float32)
    image = np.zeros((2, 2, 3), np.uint8)
    found = refinement.refine(image, 8 * relative, crf.NONE)
    np.testing.assert_allclose(found, relative, atol=2e-3)


def test_without_pairwise_terms_classes_and_background_sum_to_one():
    """0.8 and 0.4 leave 0.2 for the background: 8, 4 and 2 of 14."""
    maps = np.array([[[0.8, 0.4], [1.0, 1.0]]], np.float32)
    image = np.zeros((1, 2, 3), np.uint8)
    found = refinement.refine(image, maps, crf.NONE)
    np.testing.assert_allclose(found[0, 0], [8 / 14, 4 / 14], atol=1e-3)


def test_a_class_without_a_positive_score_stays_improbable():
    maps = np.zeros((2, 2, 1), np.float32)
    image = np.zeros((2, 2, 3), np.uint8)
    assert refinement.refine(image, maps, crf.DEEPLAB).max() < 0.01


def test_no_score_maps_are_refined_to_none():
    image = np.zeros((2, 3, 3), np.uint8)
    maps = np.zeros((2, 3, 0), np.float32)
    assert refinement.refine(image, maps, crf.DEEPLAB).shape == (2, 3, 0)


def test_a_refined_seeder_refines_the_score_maps_of_another():
    image = np.zeros((2, 4, 3), np.uint8)
    objects = np.array([2, 0])
    maps, logits = score_three_objects(image, objects)
    found, same = refinement.refined(score_three_objects, crf.SEC)(
        image, objects
    )
    expected = refinement.refine(image, maps, crf.SEC)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(same, logits)
