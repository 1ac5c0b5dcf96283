import demo_samples
import numpy as np
import pytest

from guided_segmentation.demo import network_outputs
from guided_segmentation.seeders import seeds

SOURCE = demo_samples.SOURCE


@pytest.fixture(scope="module")
def networks():
    return demo_samples.networks()


@pytest.fixture(scope="module")
def outputs(networks):
    return network_outputs.run_networks(
        networks, "a", SOURCE.image("val_000000")
    )


def test_outputs_have_the_size_of_the_photograph(outputs):
    height, width, _ = outputs.image.shape
    objects = demo_samples.LABEL_SET.num_objects
    assert outputs.score_maps.shape == (height, width, objects)
    assert outputs.saliency_map.shape == (height, width)
    assert outputs.probabilities.shape == (height, width, objects + 1)
    assert outputs.predicted_objects.shape == (objects,)


def test_maps_of_all_objects_hold_those_of_some(networks, outputs):
    """A change of tags therefore needs no network."""
    some = np.array([1, 4], np.int32)
    alone, _ = networks.seeder(outputs.image, some)
    np.testing.assert_array_equal(outputs.score_maps[..., some], alone)


def test_objects_are_predicted_from_a_probability_of_a_half(networks, outputs):
    predicted = seeds.predicted_objects(networks.seeder, outputs.image)
    np.testing.assert_array_equal(
        np.flatnonzero(outputs.predicted_objects), predicted
    )


def test_saliency_has_the_levels_of_a_file(outputs):
    levels = outputs.saliency_map * np.float32(255)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    assert outputs.saliency_map.max() == 1


def test_thresholds_are_inclusive_fractions_of_the_maximum(outputs):
    present = np.arange(demo_samples.LABEL_SET.num_objects) == 2
    found = network_outputs.evidence(outputs, present, 1.0, 1.0)
    scores = outputs.score_maps[..., 2]
    highest = (scores == scores.max()) & (scores > 0)
    np.testing.assert_array_equal(found.seeds == 3, highest)
    np.testing.assert_array_equal(
        found.saliency_mask, outputs.saliency_map == 1
    )
