import demo_samples
import numpy as np
import pytest

from guided_segmentation.demo import pipeline
from guided_segmentation.seeders import seeds

SOURCE = demo_samples.SOURCE


@pytest.fixture(scope="module")
def networks():
    return demo_samples.networks()


@pytest.fixture(scope="module")
def sight(networks):
    return pipeline.look(networks, "a", SOURCE.image("val_000000"))


def test_what_is_seen_has_the_size_of_the_photograph(sight):
    height, width, _ = sight.image.shape
    objects = demo_samples.LABEL_SET.num_objects
    assert sight.score_maps.shape == (height, width, objects)
    assert sight.saliency_map.shape == (height, width)
    assert sight.probabilities.shape == (height, width, objects + 1)
    assert sight.likely.shape == (objects,)


def test_maps_of_all_objects_hold_those_of_some(networks, sight):
    """So that a tag more or less needs no network."""
    some = np.array([1, 4], np.int32)
    alone, _ = networks.seeder(sight.image, some)
    np.testing.assert_array_equal(sight.score_maps[..., some], alone)


def test_an_object_is_likely_from_a_probability_of_a_half(networks, sight):
    likely = seeds.likely(networks.seeder, sight.image)
    np.testing.assert_array_equal(np.flatnonzero(sight.likely), likely)


def test_saliency_has_the_levels_of_a_file(sight):
    levels = sight.saliency_map * np.float32(255)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    assert sight.saliency_map.max() == 1


def test_thresholds_are_inclusive_shares_of_the_maximum(sight):
    present = np.arange(demo_samples.LABEL_SET.num_objects) == 2
    found = pipeline.evidence(sight, present, 1.0, 1.0)
    scores = sight.score_maps[..., 2]
    highest = (scores == scores.max()) & (scores > 0)
    np.testing.assert_array_equal(found.seeds == 3, highest)
    np.testing.assert_array_equal(found.saliency_mask, sight.saliency_map == 1)
