import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import gap, vgg16
from guided_segmentation.seeders import grad_cam

SIZE = 225
OBJECTS = np.arange(2, dtype=np.int32)


def photograph(size=SIZE):
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    return tf.cast(tf.image.resize(noise, [size, size], "nearest"), tf.uint8)


def test_a_map_of_two_channels_by_hand():
    """Mean gradients are 2 and -1; negative scores become 0."""
    features = tf.constant([[[3.0, 1.0], [1.0, 4.0]]])
    gradients = tf.constant([[[[4.0, 0.0], [0.0, -2.0]]]])
    maps = grad_cam.score_maps(features, gradients)
    np.testing.assert_allclose(maps[..., 0], [[5, 0]])


def test_on_a_gap_network_it_is_cam():
    """The gradients are the weights, divided by the number of cells."""
    network = gap.build("gap_highres", 2, 1 / 64, 4, score_init_stddev=1.0)
    x = images.subtract_mean(photograph(33))[None]
    features = gap.features(network)(x)
    weights = network.get_layer(gap.SCORE).get_weights()[0]
    cells = features.shape[1] * features.shape[2]
    gradients = tf.tile(weights.T[:, None, None] / cells, [1, *x.shape[1:3], 1])
    found = grad_cam.score_maps(features[0], gradients)
    expected = (
        tf.nn.relu(tf.einsum("hwc,ck->hwk", features[0], weights)) / cells
    )
    highest = expected.numpy().max()
    assert highest > 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * highest)


def test_a_seeder_gives_maps_at_the_photographs_size_and_logits():
    network = vgg16.classifier(2, 1 / 16, 8, score_init_stddev=0.1)
    maps, logits = grad_cam.seeder(network, SIZE)(photograph(), OBJECTS)
    assert maps.shape == (SIZE, SIZE, 2)
    assert maps.numpy().min() >= 0
    assert maps.numpy().max() > 0
    x = images.subtract_mean(photograph())[None]
    np.testing.assert_allclose(logits, network(x)[0], rtol=1e-4)
    one, _ = grad_cam.seeder(network, SIZE)(photograph(), OBJECTS[1:])
    np.testing.assert_allclose(one[..., 0], maps[..., 1], rtol=1e-4)


def test_a_network_that_is_not_the_classifier_is_refused():
    with pytest.raises(ValueError, match=r"wanted the classifier \(vgg16\)"):
        grad_cam.seeder(gap.build("gap_lowres", 2, 1 / 64, 1), SIZE)
