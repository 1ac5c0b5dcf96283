import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import deeplab_v1

CONVOLUTION = {"fc6": 12, "conv5": 2}  # Dilations other than one.


def pass_through(network):
    """Sets every convolution to copy its first channel."""
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


@pytest.mark.parametrize("pooling", deeplab_v1.GRID_ORIGINS)
@pytest.mark.parametrize("stride", [8, 16])
def test_a_cell_is_centred_on_its_origin_and_stride(pooling, stride):
    """The pixels that reach a cell through the pools lie evenly around it."""
    network = deeplab_v1.large_fov(
        1, 1 / 64, 1, stride=stride, dense=True, pooling=pooling
    )
    pass_through(network)
    impulses = np.zeros((137, 137, 9, 3), np.float32)
    impulses[range(137), range(137), 4, 0] = 1
    reached = network(impulses).numpy()[..., 0].max(2)
    for cell in range(5, 11):
        pixels = np.flatnonzero(reached[:, cell])
        centre = deeplab_v1.grid_origin(network) + deeplab_v1.STRIDE * cell
        assert pixels.mean() == centre


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


@pytest.mark.parametrize("pooling", deeplab_v1.GRID_ORIGINS)
def test_the_hole_algorithm_is_the_same_function_between_cells_and_at_cells(
    pooling,
):
    spec = {"num_classes": 3, "width_multiplier": 1 / 32, "head_channels": 4}
    spec |= {"stride": 16, "fc6_dilation": 4, "pooling": pooling}
    strided = deeplab_v1.large_fov(**spec)
    dense = deeplab_v1.large_fov(**spec, dense=True)
    dense.set_weights(strided.get_weights())
    image = 50 * tf.random.stateless_normal([1, 97, 65, 3], [0, 1])
    coarse, fine = strided(image).numpy(), dense(image).numpy()
    assert (coarse.shape[1:3], fine.shape[1:3]) == ((7, 5), (13, 9))
    assert np.ptp(coarse) > 0
    np.testing.assert_allclose(coarse, fine[:, ::2, ::2], rtol=1e-4, atol=1e-4)


def test_at_the_papers_stride_dense_changes_nothing():
    thin = {"num_classes": 3, "width_multiplier": 1 / 32, "head_channels": 4}
    network = deeplab_v1.large_fov(**thin)
    dense = deeplab_v1.large_fov(**thin, dense=True)
    dense.set_weights(network.get_weights())
    image = 50 * tf.random.stateless_normal([1, 49, 33, 3], [0, 1])
    np.testing.assert_array_equal(network(image), dense(image))


@pytest.mark.parametrize("stride", [0, 12, 24, 32])
def test_an_unknown_stride_is_refused(stride):
    with pytest.raises(
        ValueError, match=f"wanted a stride of 8 or 16, found {stride}"
    ):
        deeplab_v1.large_fov(2, 1 / 64, 1, stride=stride)


@pytest.mark.parametrize("layer", ["fc6", "conv5"])
def test_a_dilation_that_the_stride_does_not_divide_is_refused(layer):
    with pytest.raises(
        ValueError,
        match=f"stride 16 wants even dilations, found 3 of {layer}; change "
        f"--{layer}_dilation or --stride",
    ):
        deeplab_v1.large_fov(
            2, 1 / 64, 1, stride=16, **{f"{layer}_dilation": 3}
        )


@pytest.mark.parametrize(("dilation", "field"), [(12, 24), (4, 8)])
def test_the_dilation_of_fc6_sets_its_receptive_field(dilation, field):
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
