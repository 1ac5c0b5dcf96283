import keras
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import deeplab_v1, gap

VARIANTS = pytest.mark.parametrize("variant", gap.VARIANTS)
SLIDING = ("gap_lowres", "gap_highres", "gap_roi")  # All but GAP-DeepLab.
REACH_PX = {  # Pixels under one cell through the pools alone.
    "gap_lowres": 16,
    "gap_highres": 8,
    "gap_roi": 24,
    "gap_deeplab": 47,
}


@pytest.fixture(autouse=True)
def _seeded():
    """With some other seeds every channel of a thin head is 0."""
    keras.utils.set_random_seed(1)


def pass_through(network):
    """Sets every convolution to copy its first channel."""
    for layer in network.layers:
        if "conv" in layer.name or layer.name in ("fc6", "fc7"):
            kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
            kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, 0] = 1.0
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
        elif layer.name == "roi_pool":
            around = [dilation, dilation]
            x = tf.pad(x, [[0, 0], around, around, [0, 0]])
            x = tf.nn.pool(x, [3, 3], "MAX", dilations=around)
        elif layer.weights and layer.name != gap.SCORE:
            kernel, bias = layer.get_weights()
            x = tf.nn.conv2d(x, kernel, 1, "SAME", dilations=dilation)
            x = tf.nn.relu(x + bias)
    return x


@VARIANTS
def test_features_subsample_by_eight_and_logits_are_one_an_object(variant):
    network = gap.build(variant, 3, 1 / 64, 2, dense=True)
    found = gap.features(network)(tf.zeros([2, 65, 40, 3]))
    cells = (9, 6) if variant == "gap_deeplab" else (9, 5)
    assert found.shape == (2, *cells, 2)
    logits = network(tf.zeros([2, 65, 40, 3]))
    assert logits.shape == (2, 3)
    assert logits.dtype == tf.float32


@VARIANTS
def test_a_cell_is_centred_on_its_origin_and_stride(variant):
    """The pixels that reach cell i through the pools lie around it."""
    network = gap.build(variant, 1, 1 / 64, 1, dense=True)
    origin = gap.grid_origin(network)
    pass_through(network)
    impulses = np.zeros((112, 112, 9, 3), np.float32)
    impulses[range(112), range(112), 4, 0] = 1
    reached = gap.features(network)(impulses).numpy()[..., 0].max(2)
    for cell in range(3, 11):
        pixels = np.flatnonzero(reached[:, cell])
        assert len(pixels) == REACH_PX[variant]
        assert pixels.mean() == origin + gap.stride(network) * cell


@pytest.mark.parametrize(
    ("variant", "cells"),
    [("gap_lowres", 21), *((name, 41) for name in list(gap.VARIANTS)[1:])],
)
def test_heat_maps_have_the_papers_size(variant, cells):
    network = gap.build(variant, 2, 1 / 64, 1)
    assert gap.features(network)(tf.zeros([1, 321, 321, 3])).shape == (
        *(1, cells, cells, 1),
    )


@pytest.mark.parametrize("variant", SLIDING)
def test_dense_features_subsampled_are_those_of_the_strided_network(variant):
    """What is computed at every pixel by windows that are dilated by hand."""
    network = gap.build(variant, 2, 1 / 32, 4)
    stride = 16 if gap.VARIANTS[variant].has_pool4 else 8
    image = tf.random.stateless_normal([1, 32, 24, 3], [0, 1])
    strided = gap.features(network)(image)
    dense = dense_features(network, image)[:, ::stride, ::stride]
    assert strided.numpy().max() > 0
    np.testing.assert_allclose(strided, dense, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("variant", "more"),
    [
        ("gap_lowres", {}),
        ("gap_deeplab", {"stride": 16, "fc6_dilation": 4, "pooling": "2x2"}),
    ],
)
def test_the_hole_algorithm_is_the_same_function_between_cells_and_at_cells(
    variant, more
):
    strided = gap.build(variant, 2, 1 / 32, 4, **more)
    dense = gap.build(variant, 2, 1 / 32, 4, dense=True, **more)
    dense.set_weights(strided.get_weights())
    image = tf.random.stateless_normal([1, 97, 64, 3], [0, 1])
    coarse, fine = gap.features(strided)(image), gap.features(dense)(image)
    assert (coarse.shape[1:3], fine.shape[1:3]) == ((7, 4), (13, 8))
    assert coarse.numpy().max() > 0
    np.testing.assert_allclose(coarse, fine[:, ::2, ::2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("variant", "more"),
    [
        *((variant, {}) for variant in gap.VARIANTS),
        ("gap_deeplab", {"stride": 16, "fc6_dilation": 4}),
    ],
)
def test_the_logits_of_a_dense_network_are_those_of_the_trained_one(
    variant, more
):
    trained = gap.build(variant, 3, 1 / 32, 4, **more)
    dense = gap.build(variant, 3, 1 / 32, 4, dense=True, **more)
    dense.set_weights(trained.get_weights())
    image = 50 * tf.random.stateless_normal([2, 97, 64, 3], [0, 1])
    assert np.ptp(trained(image)) > 0
    np.testing.assert_allclose(
        dense(image), trained(image), rtol=1e-4, atol=1e-6
    )
    assert gap.stride(dense) == 8
    is_strided = variant == "gap_lowres" or more
    assert gap.stride(trained) == (16 if is_strided else 8)


def test_gap_deeplab_is_the_segmenter_up_to_its_last_layer():
    network = gap.build("gap_deeplab", 3, 1 / 32, 4, fc6_dilation=2)
    segmenter = deeplab_v1.large_fov(3, 1 / 32, 4, fc6_dilation=2)
    kernel = network.get_layer(gap.SCORE).get_weights()[0]
    below = network.get_weights()[:-1]
    segmenter.set_weights([*below, kernel[None, None], np.zeros(3)])
    image = 50 * tf.random.stateless_normal([2, 49, 65, 3], [0, 1])
    votes = segmenter(image)
    assert np.ptp(votes) > 0
    np.testing.assert_allclose(
        network(image), tf.reduce_mean(votes, [1, 2]), rtol=1e-4, atol=1e-5
    )


def test_the_mean_of_the_scores_is_the_score_of_the_mean():
    """Appendix B.1: the order of average and output layer does not matter."""
    network = gap.build("gap_roi", 3, 1 / 32, 4)
    image = 50 * tf.random.stateless_normal([2, 48, 64, 3], [0, 1])
    average = tf.reduce_mean(gap.features(network)(image), [1, 2])
    votes = average @ network.get_layer(gap.SCORE).get_weights()[0]
    assert np.ptp(votes) > 0
    np.testing.assert_allclose(network(image), votes, rtol=1e-4, atol=1e-6)


def test_a_roi_pool_keeps_the_maximum_of_its_window():
    """As a sliding 1x1 head on 3x3 windows, each pooled by hand."""
    network = gap.build("gap_roi", 2, 1 / 32, 4, dropout=0)
    below = keras.Model(network.input, network.get_layer("conv5_3").output)
    image = 50 * tf.random.stateless_normal([1, 40, 48, 3], [0, 1])
    conv5 = below(image).numpy()[0]
    window = np.pad(conv5, [(1, 1), (1, 1), (0, 0)])[2:5, 3:6]
    x = window.max((0, 1))
    for name in ("fc6", "fc7"):
        kernel, bias = network.get_layer(name).get_weights()
        x = np.maximum(x @ kernel[0, 0] + bias, 0)
    assert x.max() > 0
    np.testing.assert_allclose(
        gap.features(network)(image)[0, 2, 3], x, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("deviation", [0.005, None])
def test_the_head_is_initialised_as_by_the_authors_or_by_he(deviation):
    network = gap.build(
        "gap_highres", 2, 1 / 16, 64, head_init_stddev=deviation
    )
    kernel = network.get_layer("fc7").get_weights()[0]
    expected = deviation or np.sqrt(2 / (9 * 64))
    assert kernel.std() == pytest.approx(expected, rel=0.05)


def test_arguments_of_gap_deeplab_are_refused_by_another_variant():
    with pytest.raises(TypeError, match="gap_roi takes no stride, droput"):
        gap.build("gap_roi", 2, 1 / 64, 1, stride=16, droput=0)


def test_no_two_layers_of_the_head_get_the_same_random_weights():
    network = gap.build("gap_highres", 2, 1 / 32, 16, head_init_stddev=0.005)
    fc6, fc7 = (network.get_layer(n).get_weights()[0] for n in ("fc6", "fc7"))
    assert (fc6 != fc7).all()


def test_the_score_has_no_bias():
    assert (
        len(gap.build("gap_highres", 2, 1 / 64, 1).get_layer(gap.SCORE).weights)
        == 1
    )


def test_logits_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    network = gap.build("gap_highres", 2, 1 / 64, 1)
    assert network(tf.zeros([1, 16, 16, 3])).dtype == tf.float32
    assert network.get_layer("fc7").compute_dtype == "bfloat16"
