import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import gap


def features(network):
    return keras.Model(network.input, network.get_layer(gap.FEATURES).output)


def pass_through(network):
    """Makes every convolution hand on its first channel unchanged."""
    for layer in network.layers:
        if "conv" in layer.name or layer.name in ("fc6", "fc7"):
            kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
            kernel[1, 1, 0] = 1.0
            layer.set_weights([kernel, bias])


def dense_features(network, image):
    """The features at every pixel: no stride, dilated windows instead."""
    x, dilation = image, 1
    for layer in network.layers:
        if layer.name.startswith("pool"):
            x = tf.pad(x, [[0, 0], [0, dilation], [0, dilation], [0, 0]])
            dilations = [dilation, dilation]
            x = tf.nn.pool(x, [2, 2], "MAX", dilations=dilations)
            dilation *= 2
        elif layer.weights and layer.name != gap.SCORE:
            kernel, bias = layer.get_weights()
            x = tf.nn.conv2d(x, kernel, 1, "SAME", dilations=dilation)
            x = tf.nn.relu(x + bias)
    return x


def test_features_subsample_by_eight_and_logits_are_one_an_object():
    network = gap.high_res(3, 1 / 64, 2)
    assert features(network)(tf.zeros([2, 65, 40, 3])).shape == (2, 9, 5, 2)
    logits = network(tf.zeros([2, 65, 40, 3]))
    assert logits.shape == (2, 3)
    assert logits.dtype == tf.float32


def test_a_cell_is_centred_on_its_origin_and_stride():
    """The pixels that reach cell i through the pools are 8 i ... 8 i + 7."""
    network = gap.high_res(1, 1 / 64, 1)
    pass_through(network)
    impulses = np.zeros((48, 48, 9, 3), np.float32)
    impulses[range(48), range(48), 4, 0] = 1
    reached = features(network)(impulses).numpy()[..., 0].max(2)
    for cell in range(6):
        pixels = np.flatnonzero(reached[:, cell])
        assert len(pixels) == 8
        assert pixels.mean() == gap.ORIGIN + gap.STRIDE * cell


def test_dense_features_subsampled_are_those_of_the_strided_network():
    network = gap.high_res(2, 1 / 32, 4)
    image = tf.random.stateless_normal([1, 32, 24, 3], [0, 1])
    strided = features(network)(image)
    dense = dense_features(network, image)[:, :: gap.STRIDE, :: gap.STRIDE]
    assert strided.numpy().max() > 0
    np.testing.assert_allclose(strided, dense, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("deviation", [0.005, None])
def test_the_head_is_filled_as_by_the_authors_or_by_he(deviation):
    network = gap.high_res(2, 1 / 16, 64, head_deviation=deviation)
    kernel = network.get_layer("fc7").get_weights()[0]
    expected = deviation or np.sqrt(2 / (9 * 64))
    assert kernel.std() == pytest.approx(expected, rel=0.05)


def test_no_two_layers_of_the_head_are_filled_alike():
    network = gap.high_res(2, 1 / 32, 16, head_deviation=0.005)
    fc6, fc7 = (network.get_layer(n).get_weights()[0] for n in ("fc6", "fc7"))
    assert (fc6 != fc7).all()


def test_the_score_has_no_bias():
    assert len(gap.high_res(2, 1 / 64, 1).get_layer(gap.SCORE).weights) == 1


def test_logits_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = gap.high_res(2, 1 / 64, 1)
    assert network(tf.zeros([1, 16, 16, 3])).dtype == tf.float32
    assert network.get_layer("fc7").compute_dtype == "bfloat16"
