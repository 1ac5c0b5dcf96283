import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import gap

VARIANTS = pytest.mark.parametrize("variant", gap.VARIANTS)


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


@VARIANTS
def test_features_subsample_by_eight_and_logits_are_one_an_object(variant):
    network = gap.build(variant, 3, 1 / 64, 2, dense=True)
    assert gap.features(network)(tf.zeros([2, 65, 40, 3])).shape == (2, 9, 5, 2)
    logits = network(tf.zeros([2, 65, 40, 3]))
    assert logits.shape == (2, 3)
    assert logits.dtype == tf.float32


@VARIANTS
def test_a_cell_is_centred_on_its_origin_and_stride(variant):
    """The pixels that reach cell i through the pools lie around it."""
    network = gap.build(variant, 1, 1 / 64, 1, dense=True)
    origin = gap.VARIANTS[variant].origin
    pass_through(network)
    impulses = np.zeros((48, 48, 9, 3), np.float32)
    impulses[range(48), range(48), 4, 0] = 1
    reached = gap.features(network)(impulses).numpy()[..., 0].max(2)
    for cell in range(5):
        pixels = np.flatnonzero(reached[:, cell])
        assert len(pixels) == 2 * origin + 1
        assert pixels.mean() == origin + gap.STRIDE * cell


@VARIANTS
def test_dense_features_subsampled_are_those_of_the_strided_network(variant):
    """What is computed at every pixel by windows that are dilated by hand."""
    network = gap.build(variant, 2, 1 / 32, 4)
    stride = 16 if gap.VARIANTS[variant].has_pool4 else 8
    image = tf.random.stateless_normal([1, 32, 24, 3], [0, 1])
    strided = gap.features(network)(image)
    dense = dense_features(network, image)[:, ::stride, ::stride]
    assert strided.numpy().max() > 0
    np.testing.assert_allclose(strided, dense, rtol=1e-4, atol=1e-5)


def test_the_hole_algorithm_says_between_cells_what_it_says_at_cells():
    strided = gap.build("gap_low_res", 2, 1 / 32, 4)
    dense = gap.build("gap_low_res", 2, 1 / 32, 4, dense=True)
    dense.set_weights(strided.get_weights())
    image = tf.random.stateless_normal([1, 97, 64, 3], [0, 1])
    coarse, fine = gap.features(strided)(image), gap.features(dense)(image)
    assert (coarse.shape[1:3], fine.shape[1:3]) == ((7, 4), (13, 8))
    assert coarse.numpy().max() > 0
    np.testing.assert_allclose(coarse, fine[:, ::2, ::2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("deviation", [0.005, None])
def test_the_head_is_filled_as_by_the_authors_or_by_he(deviation):
    network = gap.build("gap_high_res", 2, 1 / 16, 64, head_deviation=deviation)
    kernel = network.get_layer("fc7").get_weights()[0]
    expected = deviation or np.sqrt(2 / (9 * 64))
    assert kernel.std() == pytest.approx(expected, rel=0.05)


def test_no_two_layers_of_the_head_are_filled_alike():
    network = gap.build("gap_high_res", 2, 1 / 32, 16, head_deviation=0.005)
    fc6, fc7 = (network.get_layer(n).get_weights()[0] for n in ("fc6", "fc7"))
    assert (fc6 != fc7).all()


def test_the_score_has_no_bias():
    assert (
        len(
            gap.build("gap_high_res", 2, 1 / 64, 1).get_layer(gap.SCORE).weights
        )
        == 1
    )


def test_logits_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = gap.build("gap_high_res", 2, 1 / 64, 1)
    assert network(tf.zeros([1, 16, 16, 3])).dtype == tf.float32
    assert network.get_layer("fc7").compute_dtype == "bfloat16"
