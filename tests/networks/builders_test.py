from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
import thin_networks

from guided_segmentation.networks import builders, layers, start_weights, vgg16

# Parameters at width 1 with 20 objects, and of the thin network.
PARAMETERS = {
    "vgg16": (134_342_484, 33_191),
    "gap_lowres": (19_454_784, 4_292),
    "gap_highres": (28_892_992, 4_876),
    "gap_roi": (16_310_080, 3_852),
    "gap_deeplab": (20_504_384, 4_364),
    "deeplab_v1": (20_505_429, 4_376),
    "deeplab_v2": (44_206_548, 8_388),
}
NETWORKS = pytest.mark.parametrize("name", PARAMETERS)


@pytest.fixture(autouse=True)
def _seeded():
    """With many other seeds one channel is 0 for every image."""
    keras.utils.set_random_seed(1)


def parameters(width, head):
    """Parameters of a network from its table of layers: kernel, in, out."""
    count, channels = 0, 3
    for block, (repeats, wide) in enumerate(vgg16.BLOCKS):
        del block
        for _ in range(repeats):
            count += 9 * channels * max(1, round(wide * width))
            channels = max(1, round(wide * width))
            count += channels
    for taps, wide, bias in head:
        count += taps * channels * wide + wide * bias
        channels = wide
    return count


def residual_parameters(width, num_classes, blocks):
    """Parameters of DeepLabv2-ResNet101, from the table of He et al."""

    def convolution(taps, channels, wide):
        return taps * channels * wide + wide + 4 * wide  # Bias; normalisation.

    channels = max(1, round(64 * width))
    count = convolution(49, 3, channels)
    for repeats, inside in zip(blocks, (64, 128, 256, 512), strict=True):
        inside = max(1, round(inside * width))
        count += convolution(1, channels, 4 * inside)  # The projection.
        for _ in range(repeats):
            count += convolution(1, channels, inside)
            count += convolution(9, inside, inside)
            count += convolution(1, inside, 4 * inside)
            channels = 4 * inside
    return count + 4 * (9 * channels * num_classes + num_classes)


def test_every_builder_has_its_parameters_counted():
    assert PARAMETERS.keys() == builders.BUILDERS.keys()
    assert thin_networks.ARGUMENTS.keys() == builders.BUILDERS.keys()


@NETWORKS
def test_a_network_of_the_papers_width_has_the_papers_parameters(name):
    head = {
        "vgg16": [(49, 4096, 1), (1, 4096, 1), (1, 20, 1)],
        "gap_lowres": [(9, 1024, 1), (1, 20, 0)],
        "gap_highres": [(9, 1024, 1), (9, 1024, 1), (1, 20, 0)],
        "gap_roi": [(1, 1024, 1), (1, 1024, 1), (1, 20, 0)],
        "gap_deeplab": [(9, 1024, 1), (1, 1024, 1), (1, 20, 0)],
        "deeplab_v1": [(9, 1024, 1), (1, 1024, 1), (1, 21, 1)],
    }
    wanted = (
        parameters(1, head[name])
        if name in head
        else residual_parameters(1, 21, (3, 4, 23, 3))
    )
    assert wanted == PARAMETERS[name][0]
    zeros = keras.initializers.Zeros
    with (
        mock.patch.object(
            keras.initializers.HeNormal, "__call__", zeros.__call__
        ),
        mock.patch.object(
            keras.initializers.RandomNormal, "__call__", zeros.__call__
        ),
    ):
        assert (
            builders.build({"name": name}).count_params() == PARAMETERS[name][0]
        )


@NETWORKS
def test_a_thin_network_has_exactly_its_parameters(name):
    head = {
        "vgg16": [(49, 64, 1), (1, 64, 1), (1, 3, 1)],
        "gap_lowres": [(9, 8, 1), (1, 3, 0)],
        "gap_highres": [(9, 8, 1), (9, 8, 1), (1, 3, 0)],
        "gap_roi": [(1, 8, 1), (1, 8, 1), (1, 3, 0)],
        "gap_deeplab": [(9, 8, 1), (1, 8, 1), (1, 3, 0)],
        "deeplab_v1": [(9, 8, 1), (1, 8, 1), (1, 4, 1)],
    }
    wanted = (
        parameters(1 / 64, head[name])
        if name in head
        else residual_parameters(1 / 64, 4, (1, 2, 3, 1))
    )
    assert wanted == PARAMETERS[name][1]
    assert thin_networks.build(name).count_params() == PARAMETERS[name][1]


@NETWORKS
def test_a_network_is_the_same_after_a_checkpoint(name, tmp_path):
    network, twin = thin_networks.build(name), thin_networks.build(name)
    path = tf.train.Checkpoint(network=network).write(str(tmp_path / "c"))
    tf.train.Checkpoint(network=twin).read(path).assert_consumed()
    image = thin_networks.photograph(name)
    np.testing.assert_array_equal(network(image), twin(image))


@NETWORKS
def test_replicas_of_a_network_agree(name, two_cpus):
    image = thin_networks.photograph(name)
    with two_cpus.scope():
        network = thin_networks.build(name)

    @tf.function
    def run():
        return two_cpus.run(lambda: network(image, training=False))

    first, second = two_cpus.experimental_local_results(run())
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(network(image), first, rtol=1e-4, atol=1e-5)


@NETWORKS
def test_a_network_trains_all_its_weights_but_normalisations(name):
    network = thin_networks.build(name)
    learned = [x for x in network.layers if not x.name.endswith("_bn")]
    with (
        tf.GradientTape() as tape,
        layers.example_seeds(tf.constant([[0, 0], [0, 1]])),
    ):
        loss = tf.reduce_sum(
            network(thin_networks.photograph(name), training=True) ** 2
        )
    gradients = tape.gradient(loss, network.trainable_variables)
    assert len(gradients) == sum(len(layer.weights) for layer in learned)
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.parametrize(
    "last", ["pool1_pool", "conv4_block2_out", "conv5_block1_out"]
)
def test_the_two_parts_of_a_residual_network_make_the_whole(last):
    network, image = (
        thin_networks.build("deeplab_v2"),
        thin_networks.photograph("deeplab_v2"),
    )
    start_weights.data_dependent_init(
        network, [x.name for x in network.layers], image
    )
    lower, upper = builders.split(network, last)
    whole = network(image).numpy()
    assert np.ptp(whole) > 0
    np.testing.assert_allclose(upper(lower(image)), whole, rtol=1e-5, atol=1e-6)
    names = [layer.name for layer in network.layers if layer.weights]
    below = [layer.name for layer in lower.layers if layer.weights]
    above = [layer.name for layer in upper.layers if layer.weights]
    assert sorted(below + above) == sorted(names)
    assert lower.layers[-1].name == last


def test_a_residual_block_is_frozen_whole():
    with pytest.raises(
        ValueError,
        match=r"'conv4_block2_2_conv' lies inside a block of deeplab_v2; "
        r"freeze through one of \['conv2_block1_out', .* 'conv5_block1_out'\]",
    ):
        builders.split(thin_networks.build("deeplab_v2"), "conv4_block2_2_conv")


@pytest.mark.parametrize("last", ["conv1_1", "conv1_2", "conv3_3", "fc6"])
@pytest.mark.parametrize("name", ["gap_highres", "deeplab_v1"])
def test_the_two_parts_of_a_network_make_the_whole(name, last):
    network, image = thin_networks.build(name), thin_networks.photograph(name)
    lower, upper = builders.split(network, last)
    np.testing.assert_allclose(
        upper(lower(image)), network(image), rtol=1e-5, atol=1e-6
    )
    names = [layer.name for layer in network.layers if layer.weights]
    below = [layer.name for layer in lower.layers if layer.weights]
    above = [layer.name for layer in upper.layers if layer.weights]
    assert below[-1] == last
    assert below + above == names


def test_the_upper_part_still_drops_in_training():
    network, image = (
        thin_networks.build("gap_highres"),
        thin_networks.photograph("gap_highres"),
    )
    lower, upper = builders.split(network, "conv3_3")
    with layers.example_seeds(tf.constant([[0, 0], [0, 1]])):
        whole = network(image, training=True)
        np.testing.assert_allclose(
            upper(lower(image), training=True), whole, rtol=1e-5, atol=1e-6
        )
    assert np.abs(whole - network(image)).max() > 0


def test_freezing_through_an_unknown_layer_lists_the_known_ones():
    with pytest.raises(
        ValueError,
        match=r"no layer 'conv9' to freeze through in gap_highres; it has "
        r"\['conv1_1', .* 'conv5_3'\]",
    ):
        builders.split(thin_networks.build("gap_highres"), "conv9")


def test_freezing_everything_is_refused():
    with pytest.raises(
        ValueError,
        match="freezing deeplab_v1 through 'fc8' leaves no layer to train; "
        "freeze less",
    ):
        builders.split(thin_networks.build("deeplab_v1"), "fc8")


@NETWORKS
def test_the_parts_of_a_network_compute_the_same_one_after_the_other(name):
    network = thin_networks.build(name)
    parts = builders.chain(network)
    size = vgg16.MIN_INPUT_SIZE if name == "vgg16" else 33
    image = tf.random.stateless_uniform([1, size, size, 3], [1, 2], 0, 255)
    x = image
    for part in parts:
        x = part(x)
    np.testing.assert_array_equal(x, network(image))
    assert len(parts) > 3
    held = [id(each) for part in parts for each in part.trainable_variables]
    assert sorted(held) == sorted(map(id, network.trainable_variables))
