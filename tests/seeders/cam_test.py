import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import deeplab_v1, gap
from guided_segmentation.seeders import cam

SIZE = 65
OBJECTS = np.arange(3, dtype=np.int32)


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
    maps, logits = cam.seeder(network, SIZE)(image, OBJECTS)
    framed = images.frame(image, SIZE, "whole").pixels
    expected = network(images.subtract_mean(framed)[None])[0]
    assert np.ptp(expected) > 0
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    assert maps.shape == (*shape, 3)
    assert maps.dtype == tf.float32


def test_logits_do_not_depend_on_the_grid_of_the_score_maps():
    coarse = gap.build("gap_lowres", 3, 1 / 32, 8)
    fine = gap.build("gap_lowres", 3, 1 / 32, 8, dense=True)
    fine.set_weights(coarse.get_weights())
    image = photograph()
    maps, logits = cam.seeder(fine, SIZE)(image, OBJECTS)
    own_maps, own_logits = cam.seeder(coarse, SIZE)(image, OBJECTS)
    np.testing.assert_allclose(logits, own_logits, rtol=1e-4, atol=1e-6)
    assert np.abs(maps - own_maps).max() > 0


def test_score_maps_on_the_trained_grid_are_its_cells_upsampled():
    """Cell i of GAP-LowRes is centred on pixel 16 i + 7.5."""
    network = gap.build("gap_lowres", 3, 1 / 32, 8)
    image = photograph(SIZE, SIZE)
    features = gap.features(network)(images.subtract_mean(image)[None])[0]
    cells = cam.score_maps(features, network.get_layer(gap.SCORE).weights[0])
    assert cells.shape == (5, 5, 3)
    places = (tf.range(65.0) - 7.5) / 16
    expected = images.sample(cells, places, places)
    maps, _ = cam.seeder(network, SIZE)(image, OBJECTS)
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_only_the_objects_asked_for_get_score_maps(network):
    image, seeder = photograph(), cam.seeder(network, SIZE)
    all_maps, all_logits = seeder(image, OBJECTS)
    maps, logits = seeder(image, OBJECTS[[2, 0]])
    np.testing.assert_array_equal(maps, all_maps.numpy()[..., [2, 0]])
    np.testing.assert_array_equal(logits, all_logits)
    assert seeder(image, OBJECTS[:0])[0].shape == (40, 65, 0)


def cells_and_map(variant):
    """The scores of the cells of a network, and the upsampled score maps."""
    network = gap.build(variant, 3, 1 / 32, 8, dense=True)
    image = photograph(SIZE, SIZE)
    cells = cam.score_maps(
        gap.features(network)(images.subtract_mean(image)[None]),
        network.get_layer("score").get_weights()[0],
    )
    assert np.ptp(cells) > 0
    return cells[0].numpy(), cam.seeder(network, SIZE)(image, OBJECTS)[
        0
    ].numpy()


def test_a_score_map_at_the_pixel_of_a_cell_is_the_score_of_the_cell():
    """Cell i of GAP-DeepLab is centred on pixel 8 i."""
    cells, maps = cells_and_map("gap_deeplab")
    tolerance = 1e-4 * np.abs(cells).max()
    np.testing.assert_allclose(maps[::8, ::8], cells, atol=tolerance)


@pytest.mark.parametrize("variant", sorted({*gap.VARIANTS} - {"gap_deeplab"}))
def test_a_score_map_at_the_centre_of_a_cell_is_the_score_of_the_cell(variant):
    """The centre of cell i is between two pixels, at 8 i + origin.

    Each of the two pixels is 1/16 of the way to a neighbouring cell.
    """
    cells, maps = cells_and_map(variant)
    first = int(gap.VARIANTS[variant].grid_origin) + 8
    last = first + 6 * 8
    centres = maps
    for _ in range(2):
        either = centres[first:last:8] + centres[first + 1 : last + 1 : 8]
        centres = (either / 2).swapaxes(0, 1)
        around = cells[:-2] / 32 + cells[2:] / 32
        cells = (cells[1:-1] * 15 / 16 + around).swapaxes(0, 1)
    tolerance = 1e-4 * np.abs(cells).max()
    np.testing.assert_allclose(centres, cells[:6, :6], atol=tolerance)


def test_several_scales_are_averaged(network):
    image = photograph()
    parts = [cam.seeder(network, SIZE, [s])(image, OBJECTS) for s in (1.0, 1.5)]
    assert np.abs(parts[0][0] - parts[1][0]).max() > 0
    both = cam.seeder(network, SIZE, [1.0, 1.5])(image, OBJECTS)
    for found, *scaled in zip(both, *parts, strict=True):
        np.testing.assert_allclose(found, tf.add_n(scaled) / 2, rtol=1e-4)


def test_with_the_flip_a_mirrored_photograph_gives_mirrored_maps(network):
    image = photograph()
    seeder = cam.seeder(network, SIZE, flip=True)
    maps, logits = seeder(image, OBJECTS)
    turned, same = seeder(image[:, ::-1], OBJECTS)
    np.testing.assert_allclose(turned[:, ::-1], maps, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(same, logits, rtol=1e-4)
    plain = cam.seeder(network, SIZE)(image, OBJECTS)[0]
    assert np.abs(maps - plain).max() > 0


def test_the_maximum_is_where_the_evidence_is():
    """A network that sums its rectified input has its maximum at a square."""
    network = gap.build("gap_highres", 1, 1 / 64, 1)
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
    maps = cam.seeder(network, SIZE)(image, OBJECTS[:1])[0].numpy()[..., 0]
    rows, columns = np.nonzero(maps > 0.5 * maps.max())
    assert rows.mean() == pytest.approx(87.5, abs=0.5)
    assert columns.mean() == pytest.approx(39.5, abs=0.5)


def test_a_network_that_is_no_gap_network_is_refused():
    segmenter = deeplab_v1.large_fov(2, 1 / 64, 1)
    with pytest.raises(
        ValueError,
        match=r"wanted a GAP network \(gap_lowres, .*\), found deeplab_v1;",
    ):
        cam.seeder(segmenter, SIZE)


def test_the_seeder_of_a_network_in_low_precision_returns_float32():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = gap.build("gap_highres", 2, 1 / 64, 1)
    maps, logits = cam.seeder(network, 33)(photograph(20, 20), OBJECTS[:2])
    assert maps.dtype == logits.dtype == tf.float32
