import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import deeplab_v1, gap, vgg16

POOLS = {  # Function, window, stride, padding.
    "2x2": (vgg16.pool_2x2, 2, 2, 0),
    "3x3": (vgg16.pool_3x3, 3, 2, 1),
    "3x3 dense": (lambda x, name: vgg16.pool_3x3(x, name, 1), 3, 1, 1),
}


def caffe_size(length, window, stride, padding):
    """Number of cells, from Caffe's pooling layer."""
    cells = -((window - length - 2 * padding) // stride) + 1
    if padding and (cells - 1) * stride >= length + padding:
        cells -= 1
    return cells


def caffe_pool(array, window, stride, padding):
    """Maxima over the windows of Caffe's cells, cut off at the borders."""
    for axis in range(2):
        length = array.shape[axis]
        cells = []
        for cell in range(caffe_size(length, window, stride, padding)):
            start = cell * stride - padding
            inside = range(max(start, 0), min(start + window, length))
            cells.append(array.take(inside, axis).max(axis))
        array = np.stack(cells, axis)
    return array


def pooling(function):
    image = keras.Input([None, None, 1])
    return keras.Model(image, function(image, "pool"))


def sizes(network, rows, names):
    outputs = [network.get_layer(name).output for name in names]
    parts = keras.Model(network.input, outputs)
    return [part.shape[1] for part in parts(tf.zeros([1, rows, 9, 3]))]


def test_vgg16_has_thirteen_convolutions_by_caffes_names():
    assert len(vgg16.CONVOLUTIONS) == 13
    assert vgg16.CONVOLUTIONS[:3] == ("conv1_1", "conv1_2", "conv2_1")
    assert vgg16.CONVOLUTIONS[-1] == "conv5_3"
    names = [layer.name for layer in vgg16.classifier(2, 1 / 64).layers]
    assert [n for n in names if "conv" in n] == list(vgg16.CONVOLUTIONS)


@pytest.mark.parametrize(
    ("width", "channels"), [(1.0, 512), (0.25, 128), (1 / 1024, 1)]
)
def test_width_scales_channels_down_to_one(width, channels):
    assert vgg16.scaled_channels(512, width) == channels


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("length", [*range(1, 14), 320, 321, 322, 513, 531])
def test_pools_round_as_caffe_does(name, length):
    function, *window = POOLS[name]
    expected = caffe_size(length, *window)
    assert pooling(function)(tf.zeros([1, length, 2, 1])).shape[1] == expected


@pytest.mark.parametrize("name", POOLS)
@pytest.mark.parametrize("shape", [(1, 1), (6, 7), (9, 8), (13, 12)])
def test_pools_of_rectified_maps_are_caffes(name, shape):
    function, *window = POOLS[name]
    array = np.random.default_rng(0).normal(size=shape).clip(0)
    pooled = pooling(function)(array[None, ..., None])
    np.testing.assert_allclose(
        pooled[0, ..., 0], caffe_pool(array, *window), rtol=1e-6
    )


def test_caffes_formula_gives_the_sizes_of_the_release():
    """531 gives 266, 134, 68 with 3x3 pools, where Keras gives 266, 133, 67."""
    lengths = [531]
    for _ in range(3):
        lengths.append(caffe_size(lengths[-1], 3, 2, 1))
    assert lengths == [531, 266, 134, 68]


def test_sizes_of_large_fov_round_up_at_every_pool():
    network = deeplab_v1.large_fov(2, 1 / 64, 1)
    names = [f"pool{index}" for index in range(1, 6)]
    assert sizes(network, 321, [*names, "fc8"]) == [161, 81, 41, 41, 41, 41]
    assert sizes(network, 531, [*names, "fc8"]) == [266, 134, 68, 68, 68, 68]


def test_sizes_of_gap_highres_round_up_at_every_pool():
    network = gap.build("gap_highres", 2, 1 / 64, 1)
    names = [f"pool{index}" for index in range(1, 4)]
    assert sizes(network, 321, [*names, "fc7"]) == [161, 81, 41, 41]
    assert sizes(network, 322, [*names, "fc7"]) == [161, 81, 41, 41]


def test_the_classifier_averages_over_all_places_of_its_window():
    network = vgg16.classifier(2, 1 / 64)
    names = ["pool5", "fc6", "fc8"]
    parts = keras.Model(
        network.input, [network.get_layer(name).output for name in names]
    )
    for size, places in ((224, 1), (257, 3)):
        image = 50 * tf.random.stateless_normal([1, size, size, 3], [0, 0])
        pool5, fc6, fc8 = parts(image)
        assert pool5.shape[1] == places + 6
        assert fc6.shape[1] == fc8.shape[1] == places
        np.testing.assert_allclose(
            network(image), tf.reduce_mean(fc8, [1, 2]), rtol=1e-5
        )


def test_another_relu_reaches_every_convolution():
    """With none at all the trunk is linear."""
    image = keras.Input([None, None, 3])
    features = vgg16.trunk(
        image, width_multiplier=1 / 32, pools=(None,) * 5, relu="linear"
    )
    network = keras.Model(image, features)
    x = tf.random.stateless_normal([1, 9, 9, 3], [0, 0])
    np.testing.assert_allclose(network(-2 * x), -2 * network(x), rtol=1e-4)
    assert network(x).numpy().min() < 0


def test_gaussians_have_the_given_standard_deviation():
    drawn = np.asarray(vgg16.gaussian(0.005)([10_000]))
    assert abs(drawn.mean()) < 3e-4
    assert 0.0047 < drawn.std() < 0.0053
