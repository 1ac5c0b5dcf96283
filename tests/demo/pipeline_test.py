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
def outputs(networks):
    return pipeline.run_networks(networks, "a", SOURCE.image("val_000000"))


def test_what_is_seen_has_the_size_of_the_photograph(outputs):
    height, width, _ = outputs.image.shape
    objects = demo_samples.LABEL_SET.num_objects
    assert outputs.score_maps.shape == (height, width, objects)
    assert outputs.saliency_map.shape == (height, width)
    assert outputs.probabilities.shape == (height, width, objects + 1)
    assert outputs.likely.shape == (objects,)


def test_maps_of_all_objects_hold_those_of_some(networks, outputs):
    """So that a tag more or less needs no network."""
    some = np.array([1, 4], np.int32)
    alone, _ = networks.seeder(outputs.image, some)
    np.testing.assert_array_equal(outputs.score_maps[..., some], alone)


def test_an_object_is_likely_from_a_probability_of_a_half(networks, outputs):
    likely = seeds.predicted_objects(networks.seeder, outputs.image)
    np.testing.assert_array_equal(np.flatnonzero(outputs.likely), likely)


def test_saliency_has_the_levels_of_a_file(outputs):
    levels = outputs.saliency_map * np.float32(255)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    assert outputs.saliency_map.max() == 1


def test_thresholds_are_inclusive_shares_of_the_maximum(outputs):
    present = np.arange(demo_samples.LABEL_SET.num_objects) == 2
    found = pipeline.evidence(outputs, present, 1.0, 1.0)
    scores = outputs.score_maps[..., 2]
    highest = (scores == scores.max()) & (scores > 0)
    np.testing.assert_array_equal(found.seeds == 3, highest)
    np.testing.assert_array_equal(
        found.saliency_mask, outputs.saliency_map == 1
    )
