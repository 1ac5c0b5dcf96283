import keras
import keras_files
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.networks import builders, resnet101, weights

IMAGE = 50 * tf.random.stateless_normal([1, 81, 65, 3], [0, 1])


def built(width, blocks=(1, 2, 2, 1)):
    image = keras.Input([None, None, 3])
    x = resnet101.trunk(image, width_multiplier=width, blocks=blocks)
    return keras.Model(image, x)


def normalize_at_random(network):
    """Gives every normalisation values of its own that keep the scale."""
    random = np.random.default_rng(0)
    for layer in network.layers:
        if layer.name.endswith("_bn"):
            gamma, *_ = layer.get_weights()
            ranges = (0.2, 0.6), (-0.5, 0.5), (-0.5, 0.5), (0.5, 1.5)
            layer.set_weights(
                [random.uniform(*r, gamma.shape).astype("f4") for r in ranges]
            )


@pytest.fixture(name="pair", scope="module")
def _pair(tmp_path_factory):
    """Keras's ResNet101, and ours with the weights of its file."""
    keras.utils.set_random_seed(0)
    theirs = keras.applications.ResNet101(weights=None, include_top=False)
    normalize_at_random(theirs)
    path = tmp_path_factory.mktemp("resnet") / "resnet101_notop.h5"
    keras_files.of(theirs, path)
    ours = built(1.0, resnet101.BLOCKS)
    received = weights.assign(ours, weights.load(path), "Keras")
    path.unlink()
    assert {*received} == {*resnet101.LAYERS}
    return theirs, ours


def features(network, name, image=IMAGE):
    layer = network.get_layer(name).output
    return keras.Model(network.input, layer)(image).numpy()


def test_its_parameters_are_those_of_keras(pair):
    shapes = [
        {name: array.shape for name, array in weights.to_dict(network).items()}
        for network in pair
    ]
    assert shapes[0] == shapes[1]
    assert pair[1].count_params() == 42_658_176


@pytest.mark.parametrize(
    ("layer", "step"),
    [
        ("conv1_relu", 1),
        ("pool1_pool", 1),
        ("conv3_block4_out", 1),
        ("conv4_block1_out", 2),
        ("conv4_block23_out", 2),
        ("conv5_block3_out", 4),
    ],
)
def test_the_dilated_network_between_cells_equals_keras_at_them(
    pair, layer, step
):
    theirs, ours = (features(network, layer) for network in pair)
    assert theirs.std() > 1e-3
    tolerance = 1e-4 * np.abs(theirs).max()
    np.testing.assert_allclose(
        ours[:, ::step, ::step], theirs, rtol=1e-3, atol=tolerance
    )
    if step > 1:
        assert ours.shape[1] > theirs.shape[1]


def test_a_cell_is_centred_on_every_eighth_pixel():
    """With convolutions of zero: only the shortcuts remain."""
    network = built(1 / 64)
    for layer in network.layers:
        if layer.name.endswith("_conv"):
            kernel, bias = (np.zeros_like(w) for w in layer.get_weights())
            middle = len(kernel) // 2
            if layer.name == "conv1_conv" or layer.name.endswith("_0_conv"):
                kernel[middle, middle, 0] = 1
            layer.set_weights([kernel, bias])
    impulses = np.zeros((81, 81, 17, 3), np.float32)
    impulses[range(81), range(81), 8, 0] = 1
    reached = network(impulses).numpy()[..., 0].max(2)
    assert reached.shape == (81, 11)
    for cell in range(1, 10):
        assert np.flatnonzero(reached[:, cell]).mean() == 8 * cell


def test_normalisations_are_frozen_in_training_too():
    network = built(1 / 64)
    normalize_at_random(network)
    frozen = [x for x in network.layers if x.name.endswith("_bn")]
    assert len(frozen) == 1 + 6 * 3 + 4
    assert not any(layer.trainable_weights for layer in frozen)
    before = network.get_weights()
    np.testing.assert_array_equal(
        network(IMAGE, training=True), network(IMAGE, training=False)
    )
    for array, same in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(array, same)


def test_fresh_normalisations_take_the_statistics_of_a_batch():
    """A batch of many cells: Keras 2 divides by their number less one."""
    keras.utils.set_random_seed(0)
    network = built(1 / 16)
    before = weights.to_dict(network)
    fresh = [layer.name for layer in network.layers]
    batch = 50 * tf.random.stateless_normal([4, 161, 161, 3], [0, 2])
    resnet101.set_statistics(network, fresh, batch)
    assert not network.get_layer("conv1_bn").trainable_weights
    for name in ("conv1_bn", "conv3_block2_2_bn", "conv5_block1_3_bn"):
        seen = features(network, name, batch)
        np.testing.assert_allclose(seen.mean((0, 1, 2)), 0, atol=0.02)
        np.testing.assert_allclose(seen.var((0, 1, 2)), 1, atol=0.02)
    after = weights.to_dict(network)
    changed = {n for n in before if (before[n] != after[n]).any()}
    assert {n.partition("/")[2] for n in changed} == {
        "moving_mean",
        "moving_variance",
    }


def test_pretrained_normalisations_keep_their_statistics():
    network = built(1 / 64)
    before = weights.to_dict(network)
    resnet101.set_statistics(network, ["conv4_block2_1_bn"], IMAGE)
    after = weights.to_dict(network)
    changed = {n for n in before if (before[n] != after[n]).any()}
    assert {n.partition("/")[0] for n in changed} == {"conv4_block2_1_bn"}


def test_only_a_network_with_normalisations_is_normalized():
    assert resnet101.is_normalized(built(1 / 64))
    vgg = builders.build({"name": "gap_roi", "width_multiplier": 1 / 64})
    assert not resnet101.is_normalized(vgg)
