import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import deeplab_v1

CONVOLUTION = {"fc6": 12, "conv5": 2}  # Dilations other than one.


def pass_through(network):
    """Makes every convolution hand on its first channel unchanged."""
    for layer in network.layers:
        if layer.weights:
            kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
            middle = kernel.shape[0] // 2
            kernel[middle, middle, 0] = 1.0
            layer.set_weights([kernel, bias])


def dense_logits(network, image):
    """The logits at every pixel: no stride, dilated windows instead."""
    x, dilation = image, 1
    for layer in network.layers:
        if layer.name in ("pool1", "pool2", "pool3", "pool4", "pool5"):
            around = [dilation, dilation]
            x = tf.pad(x, [[0, 0], around, around, [0, 0]])
            x = tf.nn.pool(x, [3, 3], "MAX", dilations=around)
            dilation *= 2 if layer.name < "pool4" else 1
        elif layer.weights:
            kernel, bias = layer.get_weights()
            own = CONVOLUTION.get(layer.name.partition("_")[0], 1)
            x = tf.nn.conv2d(x, kernel, 1, "SAME", dilations=dilation * own)
            x = x + bias if layer.name == "fc8" else tf.nn.relu(x + bias)
    return x


def test_logits_subsample_by_eight_one_more_than_fits():
    network = deeplab_v1.large_fov(5, 1 / 64, 2)
    logits = network(tf.zeros([2, 65, 40, 3]))
    assert logits.shape == (2, 9, 6, 5)
    assert logits.dtype == tf.float32


def test_a_cell_is_centred_on_its_origin_and_stride():
    """The pixels that reach a cell through the pools lie evenly around it."""
    network = deeplab_v1.large_fov(1, 1 / 64, 1)
    pass_through(network)
    impulses = np.zeros((97, 97, 9, 3), np.float32)
    impulses[range(97), range(97), 4, 0] = 1
    reached = network(impulses).numpy()[..., 0].max(2)
    for cell in range(3, 10):
        pixels = np.flatnonzero(reached[:, cell])
        assert pixels.mean() == deeplab_v1.ORIGIN + deeplab_v1.STRIDE * cell


def test_dense_logits_subsampled_are_those_of_the_strided_network():
    network = deeplab_v1.large_fov(3, 1 / 32, 4)
    image = 50 * tf.random.stateless_normal([1, 33, 25, 3], [0, 1])
    stride = deeplab_v1.STRIDE
    dense = dense_logits(network, image)[:, ::stride, ::stride]
    logits = network(image).numpy()
    assert np.ptp(logits) > 0
    np.testing.assert_allclose(
        logits, dense, rtol=1e-3, atol=1e-4 * np.abs(logits).max()
    )


@pytest.mark.parametrize(("dilation", "field"), [(12, 24), (4, 8)])
def test_fc6_sees_as_far_as_its_dilation(dilation, field):
    network = deeplab_v1.large_fov(2, 1 / 64, 1, fc6_dilation=dilation)
    layer = network.get_layer("fc6")
    tail = keras.Model(layer.input, layer.output)
    kernel, bias = layer.get_weights()
    layer.set_weights([np.ones_like(kernel), np.zeros_like(bias)])
    cells = np.zeros((1, 51, 51, kernel.shape[2]), np.float32)
    cells[0, 25, 25] = 1
    rows = np.flatnonzero(tail(cells).numpy().max((0, 2, 3)))
    assert rows.tolist() == [25 - dilation, 25, 25 + dilation]
    assert np.ptp(rows) == field


def test_logits_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = deeplab_v1.large_fov(2, 1 / 64, 1)
    assert network(tf.zeros([1, 17, 17, 3])).dtype == tf.float32
    assert network.get_layer("fc7").compute_dtype == "bfloat16"
