import hashlib
import re
from unittest import mock

import keras
import keras_files
import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import (
    builders,
    dropout,
    imagenet,
    start_weights,
    vgg16,
    weights,
)

FACTS = {  # Parameters at width 1 with 20 objects, and of the thin network.
    "vgg16": (
        134_342_484,
        33_191,
        {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 64},
    ),
    "gap_lowres": (
        19_454_784,
        4_292,
        {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 8},
    ),
    "gap_highres": (
        28_892_992,
        4_876,
        {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 8},
    ),
    "gap_roi": (
        16_310_080,
        3_852,
        {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 8},
    ),
    "gap_deeplab": (
        20_504_384,
        4_364,
        {"num_objects": 3, "width_multiplier": 1 / 64, "head_channels": 8},
    ),
    "deeplab_v1": (
        20_505_429,
        4_376,
        {"num_classes": 4, "width_multiplier": 1 / 64, "head_channels": 8},
    ),
    "deeplab_v2": (
        44_206_548,
        8_388,
        {"num_classes": 4, "width_multiplier": 1 / 64, "blocks": [1, 2, 3, 1]},
    ),
}
NETWORKS = pytest.mark.parametrize("name", FACTS)


@pytest.fixture(autouse=True)
def _seeded():
    """One channel dies for many a seed; not for this one."""
    keras.utils.set_random_seed(1)


def thin(name):
    return builders.build({"name": name, **FACTS[name][2]})


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


def photograph(name):
    size = 224 if name == "vgg16" else 33
    return 50 * tf.random.stateless_normal([2, size, size, 3], [0, 0])


def test_every_builder_has_its_facts():
    assert FACTS.keys() == builders.BUILDERS.keys()


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
    assert wanted == FACTS[name][0]
    zeros = keras.initializers.Zeros
    with (
        mock.patch.object(
            keras.initializers.HeNormal, "__call__", zeros.__call__
        ),
        mock.patch.object(
            keras.initializers.RandomNormal, "__call__", zeros.__call__
        ),
    ):
        assert builders.build({"name": name}).count_params() == FACTS[name][0]


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
    assert wanted == FACTS[name][1]
    assert thin(name).count_params() == FACTS[name][1]


@NETWORKS
def test_a_network_is_the_same_after_saving_and_loading(name, tmp_path):
    network, twin = thin(name), thin(name)
    image = photograph(name)
    assert np.abs(network(image) - twin(image)).max() > 0
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    received = weights.assign(twin, weights.load(tmp_path), "saved")
    assert received == [layer.name for layer in network.layers if layer.weights]
    np.testing.assert_array_equal(network(image), twin(image))


@NETWORKS
def test_a_network_is_the_same_after_a_checkpoint(name, tmp_path):
    network, twin = thin(name), thin(name)
    path = tf.train.Checkpoint(network=network).write(str(tmp_path / "c"))
    tf.train.Checkpoint(network=twin).read(path).assert_consumed()
    image = photograph(name)
    np.testing.assert_array_equal(network(image), twin(image))


@NETWORKS
def test_replicas_of_a_network_agree(name, two_cpus):
    image = photograph(name)
    with two_cpus.scope():
        network = thin(name)

    @tf.function
    def run():
        return two_cpus.run(lambda: network(image, training=False))

    first, second = two_cpus.experimental_local_results(run())
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(network(image), first, rtol=1e-4, atol=1e-5)


@NETWORKS
def test_a_network_trains_all_its_weights_but_normalisations(name):
    network = thin(name)
    learned = [x for x in network.layers if not x.name.endswith("_bn")]
    with (
        tf.GradientTape() as tape,
        dropout.example_seeds(tf.constant([[0, 0], [0, 1]])),
    ):
        loss = tf.reduce_sum(network(photograph(name), training=True) ** 2)
    gradients = tape.gradient(loss, network.trainable_variables)
    assert len(gradients) == sum(len(layer.weights) for layer in learned)
    assert all(gradient is not None for gradient in gradients)


def test_weights_are_named_by_layer_and_variable():
    stored = weights.to_dict(thin("gap_highres"))
    assert set(stored) == {
        f"{layer}/{variable}"
        for layer in (*vgg16.CONVOLUTIONS, "fc6", "fc7")
        for variable in ("kernel", "bias")
    } | {"score/kernel"}
    assert all(array.dtype == np.float32 for array in stored.values())


def test_weights_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    stored = weights.to_dict(thin("deeplab_v1"))
    assert all(array.dtype == np.float32 for array in stored.values())


def test_missing_weights_say_what_may_be_named(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"no weights at .*/none\.h5; name an \.npz file, the folder of a "
        r"finished training run, or Keras's \.h5 file of VGG16 or ResNet101",
    ):
        weights.load(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError, match=r"weights\.npz; name"):
        weights.load(tmp_path)


@pytest.mark.parametrize("suffix", ["npz", "h5"])
@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_damaged_weights_are_named(tmp_path, suffix, damage):
    path = tmp_path / f"vgg.{suffix}"
    if suffix == "npz":
        np.savez(path, **{"fc6/kernel": np.arange(1000)})
    else:
        keras_files.vgg16(path)
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "text": b"weights",
        "truncated": content[: len(content) // 2],
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(
        ValueError,
        match=rf"vgg\.{suffix}: wanted weights \(\.npz, or Keras's \.h5 of "
        rf"VGG16 or ResNet101\), found something else: ",
    ):
        weights.load(path)


def test_the_real_vgg16_loads_with_its_own_shapes(real_data):
    (path,) = (real_data / "weights").glob("vgg16*.h5")
    loaded = start_weights.pretrained(str(path))
    assert len(loaded) == 26
    assert sum(array.size for array in loaded.values()) == 14_714_688
    channels = 3
    for name in vgg16.CONVOLUTIONS:
        out = vgg16.BLOCKS[int(name[4]) - 1][1]
        assert loaded[f"{name}/kernel"].shape == (3, 3, channels, out)
        assert loaded[f"{name}/bias"].shape == (out,)
        channels = out
    first = loaded["conv1_1/kernel"][:, :, :, 0]
    assert first[0, 0, 0] == pytest.approx(0.42947, abs=1e-4)
    assert weights.sha256(path).startswith("a94869b5fb6854fd")


@pytest.mark.parametrize(
    ("network", "file"),
    [("gap_highres", "VGG16"), ("deeplab_v2", "ResNet101")],
)
def test_imagenet_is_what_keras_has_for_the_trunk(
    tmp_path, monkeypatch, network, file
):
    path = keras_files.vgg16(tmp_path / "vgg16.h5")
    download = mock.Mock(return_value=path)
    monkeypatch.setattr(imagenet, "download", download)
    assert len(start_weights.pretrained("imagenet", network)) == 26
    assert download.call_args == mock.call(file)


@pytest.mark.parametrize(
    ("name", "doubt"),
    [("deeplab_coco.h5", "its name says deeplab"), ("vgg16.h5", None)],
)
def test_weights_that_may_have_seen_masks_are_used_with_a_warning(
    tmp_path, capsys, name, doubt
):
    path = keras_files.vgg16(tmp_path / name)
    assert len(start_weights.pretrained(str(path))) == 26
    warning = (
        f"warning: {path} may have learned from masks of Pascal's classes "
        f"({doubt}), which the method must not see; take weights of ImageNet "
        f"alone\n"
    )
    assert capsys.readouterr().err == (warning if doubt else "")


def test_none_are_no_weights():
    assert start_weights.pretrained("none") == {}
    assert weights.sha256("none") == ""


def test_only_the_trunk_is_taken_from_another_task():
    stored = weights.to_dict(thin("vgg16"))
    trunk = start_weights.trunk_of(stored)
    assert len(trunk) == 26
    network = thin("deeplab_v1")
    before = weights.to_dict(network)
    received = weights.assign(network, trunk, "vgg16")
    assert received == list(vgg16.CONVOLUTIONS)
    after = weights.to_dict(network)
    for name in before:
        expected = trunk.get(name, before[name])
        np.testing.assert_array_equal(after[name], expected)


def test_weights_of_another_width_are_refused():
    wide = builders.build({"name": "gap_highres", "width_multiplier": 1 / 32})
    with pytest.raises(
        ValueError,
        match=re.escape(
            "seeder: conv1_1/kernel has shape (3, 3, 3, 2), but the network "
            "wants (3, 3, 3, 1); build it with the same width, or pass other "
            "weights"
        ),
    ):
        weights.assign(thin("deeplab_v1"), weights.to_dict(wide), "seeder")


def test_weights_without_a_common_layer_are_refused():
    strange = {"res2a/kernel": np.zeros(3), "res2a/bias": np.zeros(3)}
    with pytest.raises(
        ValueError,
        match=r"resnet: none of its layers is in vgg16; it holds \['res2a'\]",
    ):
        weights.assign(thin("vgg16"), strange, "resnet")


def test_no_weights_at_all_leave_a_network_as_it_is():
    network = thin("deeplab_v1")
    before = weights.to_dict(network)
    assert weights.assign(network, {}, "none") == []
    for name, array in weights.to_dict(network).items():
        np.testing.assert_array_equal(array, before[name])


def test_the_top_keeps_every_third_tap_and_every_fourth_output():
    fc6 = np.arange(7 * 7 * 2 * 8).reshape(7, 7, 2, 8)
    reduced = start_weights.subsample_fc6_fc7(
        {
            "fc6/kernel": fc6,
            "fc6/bias": np.arange(8),
            "fc7/kernel": np.arange(64).reshape(1, 1, 8, 8),
            "fc7/bias": 10 * np.arange(8),
        },
        head_channels=2,
    )
    assert reduced["fc6/kernel"].shape == (3, 3, 2, 2)
    assert reduced["fc6/kernel"][0, 0].tolist() == [[0, 4], [8, 12]]
    assert reduced["fc6/kernel"][1, 2].tolist() == fc6[3, 6, :, ::4].tolist()
    assert reduced["fc6/bias"].tolist() == [0, 4]
    assert reduced["fc7/kernel"][0, 0].tolist() == [[0, 4], [32, 36]]
    assert reduced["fc7/bias"].tolist() == [0, 40]


def test_only_windows_of_seven_by_seven_have_a_top_to_reduce():
    """The fc6 of an earlier seeder is another layer of the same name."""
    assert start_weights.subsample_fc6_fc7({}) == {}
    assert (
        start_weights.subsample_fc6_fc7(weights.to_dict(thin("gap_highres")), 8)
        == {}
    )


@pytest.mark.parametrize("head_channels", [3, 16])
def test_a_top_is_reduced_evenly_or_not_at_all(head_channels):
    stored = {"fc6/kernel": np.zeros((7, 7, 2, 8))}
    with pytest.raises(
        ValueError,
        match=f"{head_channels} head channels cannot be taken evenly from the "
        f"8 of fc6; choose a divisor",
    ):
        start_weights.subsample_fc6_fc7(stored, head_channels)


@pytest.mark.parametrize("name", ["gap_highres", "deeplab_v1"])
def test_calibrated_layers_have_mean_0_and_deviation_1_before_their_relu(name):
    network, image = thin(name), photograph(name)
    before = weights.to_dict(network)
    fresh = ["conv1_1", "conv3_2", "conv5_3"]
    start_weights.data_dependent_init(network, fresh, image)
    after = weights.to_dict(network)
    for layer in fresh:
        inputs = network.get_layer(layer).input
        x = keras.Model(network.input, inputs)(image)
        x = tf.nn.conv2d(
            x,
            after[f"{layer}/kernel"],
            1,
            "SAME",
            dilations=network.get_layer(layer).dilation_rate,
        )
        x = x + after[f"{layer}/bias"]
        mean, variance = tf.nn.moments(x, [0, 1, 2])
        np.testing.assert_allclose(mean, 0, atol=1e-3)
        np.testing.assert_allclose(variance, 1, atol=1e-2)
    changed = {n for n in before if (before[n] != after[n]).any()}
    assert {n.partition("/")[0] for n in changed} == set(fresh)
    assert network.get_layer("conv3_2").activation is keras.activations.relu


def test_balanced_votes_say_nothing_of_the_average_image():
    """What the images share gets no vote; what sets them apart keeps its."""
    network = thin("gap_highres")
    random = np.random.default_rng(3)
    image = tf.constant(random.normal(0, 50, (4, 33, 33, 3)), tf.float32)
    votes = network.get_layer("score").get_weights()[0]
    start_weights.data_dependent_init(network, ["fc7"], image, centred=True)
    balanced = network.get_layer("score").get_weights()[0]
    pooled = keras.Model(network.input, network.get_layer("gap").output)(image)
    average = np.mean(pooled, 0)
    np.testing.assert_allclose(average @ balanced, 0, atol=1e-5)
    assert np.abs(average @ votes).max() > 1e-4
    taken = votes - balanced
    np.testing.assert_allclose(
        taken, np.outer(average, taken[0] / average[0]), atol=1e-5
    )


def test_centred_kernels_lean_towards_their_centre():
    network, image = thin("gap_highres"), photograph("gap_highres")
    before = weights.to_dict(network)["conv4_2/kernel"]
    start_weights.data_dependent_init(network, ["conv4_2"], image, centred=True)
    after = weights.to_dict(network)["conv4_2/kernel"]
    relative = (after / after[1, 1]) / (before / before[1, 1])
    taps = [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]
    np.testing.assert_allclose(
        relative,
        np.broadcast_to(np.array(taps)[..., None, None], after.shape),
        rtol=1e-3,
    )


@pytest.mark.parametrize(
    "last", ["pool1_pool", "conv4_block2_out", "conv5_block1_out"]
)
def test_the_two_parts_of_a_residual_network_make_the_whole(last):
    network, image = thin("deeplab_v2"), photograph("deeplab_v2")
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
        builders.split(thin("deeplab_v2"), "conv4_block2_2_conv")


@pytest.mark.parametrize("last", ["conv1_1", "conv1_2", "conv3_3", "fc6"])
@pytest.mark.parametrize("name", ["gap_highres", "deeplab_v1"])
def test_the_two_parts_of_a_network_make_the_whole(name, last):
    network, image = thin(name), photograph(name)
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
    network, image = thin("gap_highres"), photograph("gap_highres")
    lower, upper = builders.split(network, "conv3_3")
    with dropout.example_seeds(tf.constant([[0, 0], [0, 1]])):
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
        builders.split(thin("gap_highres"), "conv9")


def test_freezing_everything_is_refused():
    with pytest.raises(
        ValueError,
        match="freezing deeplab_v1 through 'fc8' leaves no layer to train; "
        "freeze less",
    ):
        builders.split(thin("deeplab_v1"), "fc8")


def test_a_finished_run_gives_back_its_network_and_settings(tmp_path):
    spec = {"name": "deeplab_v1", **FACTS["deeplab_v1"][2]}
    network = builders.build(spec)
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    recorded = {"network": spec, "input_size": 33}
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, recorded)
    again, settings = weights.load_trained(tmp_path)
    assert settings == recorded
    image = photograph("deeplab_v1")
    np.testing.assert_array_equal(again(image), network(image))


def test_an_unfinished_run_has_no_network(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"no trained network in .* \(no weights\.npz\); finish its "
        r"training first",
    ):
        weights.load_trained(tmp_path)


def test_a_failed_save_leaves_the_old_weights(tmp_path):
    path = tmp_path / weights.WEIGHTS_FILE
    weights.save(thin("deeplab_v1"), path)
    before = path.read_bytes()
    with (
        mock.patch.object(np, "savez", side_effect=OSError("disk full")),
        pytest.raises(OSError, match="disk full"),
    ):
        weights.save(thin("deeplab_v1"), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_hash_of_a_run_is_that_of_its_weights(tmp_path):
    path = tmp_path / weights.WEIGHTS_FILE
    path.write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert weights.sha256(path) == weights.sha256(tmp_path) == expected
