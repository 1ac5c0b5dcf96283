import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import gap
from guided_segmentation.seeders import cam

SIZE = 65


@pytest.fixture(scope="module", name="network", params=gap.VARIANTS)
def _network(request):
    return gap.build(request.param, 3, 1 / 32, 8, dense=True)


def photograph(height=40, width=65):
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    large = tf.image.resize(noise, [height, width], "nearest")
    return tf.cast(large, tf.uint8)


def test_the_mean_of_a_score_map_is_the_class_score():
    """Pooling and the classifier are linear, so they commute."""
    features = tf.random.stateless_normal([5, 7, 4], [0, 0])
    weights = tf.random.stateless_normal([4, 3], [0, 1])
    maps = cam.score_maps(features, weights)
    assert maps.shape == (5, 7, 3)
    np.testing.assert_allclose(
        tf.reduce_mean(maps, [0, 1]),
        tf.linalg.matvec(
            weights, tf.reduce_mean(features, [0, 1]), transpose_a=True
        ),
        rtol=1e-5,
    )


def test_score_maps_of_a_batch_are_those_of_its_images():
    features = tf.random.stateless_normal([2, 5, 7, 4], [0, 0])
    weights = tf.random.stateless_normal([4, 3], [0, 1])
    np.testing.assert_allclose(
        cam.score_maps(features, weights)[1],
        cam.score_maps(features[1], weights),
        rtol=1e-5,
    )


def test_a_score_map_of_two_channels_by_hand():
    features = tf.constant([[[1.0, 2.0], [0.0, 3.0]]])
    weights = tf.constant([[10.0, 1.0], [-1.0, 100.0]])
    maps = cam.score_maps(features, weights)
    np.testing.assert_allclose(maps, [[[8, 201], [-3, 300]]])


@pytest.mark.parametrize("shape", [(40, 65), (100, 31)])
def test_the_seeders_logits_are_those_of_the_network(network, shape):
    image = photograph(*shape)
    maps, logits = cam.seeder(network, SIZE)(image)
    framed = images.frame(image, SIZE, "whole").pixels
    expected = network(images.subtract_mean(framed)[None])[0]
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    assert maps.shape == (*shape, 3)
    assert maps.dtype == tf.float32


def test_a_score_map_at_the_centre_of_a_cell_is_the_cells_vote(network):
    """The centre of cell i lies half a pixel after pixel 8 i + origin.

    Each of the two around it is a sixteenth of the way to the next cell.
    """
    first = int(gap.VARIANTS[network.name].origin) + 8
    image = photograph(SIZE, SIZE)
    maps = cam.seeder(network, SIZE)(image)[0].numpy()
    features = gap.features(network)
    cells = cam.score_maps(
        features(images.subtract_mean(image)[None]),
        network.get_layer("score").get_weights()[0],
    )[0].numpy()
    last = first + 6 * 8
    centres = maps
    for _ in range(2):
        either = centres[first:last:8] + centres[first + 1 : last + 1 : 8]
        centres = (either / 2).swapaxes(0, 1)
        around = cells[:-2] / 32 + cells[2:] / 32
        cells = (cells[1:-1] * 15 / 16 + around).swapaxes(0, 1)
    tolerance = 1e-4 * np.abs(cells).max()
    np.testing.assert_allclose(centres, cells[:6, :6], atol=tolerance)


def test_evidence_is_found_where_it_lies():
    """A head that sums rectified maps lights up at the one bright square."""
    network = gap.build("gap_high_res", 1, 1 / 64, 1)
    for layer in network.layers:
        if layer.weights:
            arrays = [np.zeros_like(array) for array in layer.get_weights()]
            if layer.name == gap.SCORE:
                arrays[0][:] = 1
            else:
                arrays[0][1, 1, 0] = 1
            layer.set_weights(arrays)
    image = np.zeros((130, 130, 3), np.uint8)
    image[80:96, 32:48] = 255
    maps = cam.seeder(network, SIZE)(image)[0].numpy()[..., 0]
    rows, columns = np.nonzero(maps > 0.5 * maps.max())
    assert rows.mean() == pytest.approx(87.5, abs=0.5)
    assert columns.mean() == pytest.approx(39.5, abs=0.5)


def test_the_seeder_of_a_network_in_low_precision_answers_in_float32():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = gap.build("gap_high_res", 2, 1 / 64, 1)
    maps, logits = cam.seeder(network, 33)(photograph(20, 20))
    assert maps.dtype == logits.dtype == tf.float32
