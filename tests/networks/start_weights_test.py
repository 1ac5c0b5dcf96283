from unittest import mock

import keras
import keras_files
import numpy as np
import pytest
import tensorflow as tf
import thin_networks

from guided_segmentation.networks import imagenet, start_weights, vgg16, weights


@pytest.fixture(autouse=True)
def _seeded():
    """With many other seeds one channel is 0 for every image."""
    keras.utils.set_random_seed(1)


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
    ("name", "sign"),
    [("deeplab_coco.h5", "its name contains deeplab"), ("vgg16.h5", None)],
)
def test_weights_that_may_be_trained_with_masks_are_used_with_a_warning(
    tmp_path, capsys, name, sign
):
    path = keras_files.vgg16(tmp_path / name)
    assert len(start_weights.pretrained(str(path))) == 26
    warning = (
        f"warning: {path} may have been trained with segmentation masks "
        f"({sign}), which the method must not use; pass weights trained on "
        f"ImageNet alone\n"
    )
    assert capsys.readouterr().err == (warning if sign else "")


def test_the_name_none_stands_for_no_weights():
    assert start_weights.pretrained("none") == {}
    assert weights.sha256("none") == ""


def test_only_the_trunk_is_taken_from_another_task():
    stored = weights.to_dict(thin_networks.build("vgg16"))
    trunk = start_weights.trunk_of(stored)
    assert len(trunk) == 26
    network = thin_networks.build("deeplab_v1")
    before = weights.to_dict(network)
    received = weights.assign(network, trunk, "vgg16")
    assert received == list(vgg16.CONVOLUTIONS)
    after = weights.to_dict(network)
    for name in before:
        expected = trunk.get(name, before[name])
        np.testing.assert_array_equal(after[name], expected)


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


def test_only_an_fc6_of_seven_by_seven_taps_is_subsampled():
    """The fc6 of an earlier seeder is another layer of the same name."""
    assert start_weights.subsample_fc6_fc7({}) == {}
    assert (
        start_weights.subsample_fc6_fc7(
            weights.to_dict(thin_networks.build("gap_highres")), 8
        )
        == {}
    )


@pytest.mark.parametrize(
    ("name", "channels", "taps", "every"),
    [
        ("vgg16", 8, 1, 1),  # Appendix F: VGG16 itself.
        ("gap_deeplab", 2, 3, 4),  # Table 6: the head of DeepLabv1-LargeFOV.
        ("deeplab_v1", 2, 3, 4),
        ("gap_highres", 2, None, None),  # Another layer of the same name.
        ("gap_lowres", 2, None, None),
        ("gap_roi", 2, None, None),
    ],
)
def test_networks_with_the_head_of_vgg16_start_from_its_top(
    monkeypatch, name, channels, taps, every
):
    random = np.random.default_rng(0)
    top = {
        "fc6/kernel": random.normal(size=(7, 7, 512, 8)).astype("f4"),
        "fc6/bias": random.normal(size=8).astype("f4"),
        "fc7/kernel": random.normal(size=(1, 1, 8, 8)).astype("f4"),
        "fc7/bias": random.normal(size=8).astype("f4"),
    }
    monkeypatch.setattr(start_weights, "pretrained", lambda *_: top)
    spec = {"name": name, "head_channels": channels}
    spec |= {"num_classes": 3} if name == "deeplab_v1" else {"num_objects": 2}
    network, fresh = start_weights.initialized(spec, "imagenet")
    found = weights.to_dict(network)
    if taps is None:
        assert "fc6" in fresh
        assert found["fc6/kernel"].shape != top["fc6/kernel"].shape
        return
    assert not {"fc6", "fc7"} & {*fresh}
    wanted = {
        "fc6/kernel": top["fc6/kernel"][::taps, ::taps, :, ::every],
        "fc6/bias": top["fc6/bias"][::every],
        "fc7/kernel": top["fc7/kernel"][:, :, ::every, ::every],
        "fc7/bias": top["fc7/bias"][::every],
    }
    for key, array in wanted.items():
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize("head_channels", [3, 16])
def test_head_channels_must_divide_those_of_fc6(head_channels):
    stored = {"fc6/kernel": np.zeros((7, 7, 2, 8))}
    with pytest.raises(
        ValueError,
        match=f"{head_channels} head channels cannot be taken evenly from the "
        f"8 of fc6; choose a divisor",
    ):
        start_weights.subsample_fc6_fc7(stored, head_channels)


@pytest.mark.parametrize("name", ["gap_highres", "deeplab_v1"])
def test_initialised_layers_have_mean_0_and_stddev_1_before_their_relu(name):
    network, image = thin_networks.build(name), thin_networks.photograph(name)
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


def test_the_mean_feature_of_a_classifier_has_logits_of_zero():
    """Only the part of the weights along the mean feature is removed."""
    network = thin_networks.build("gap_highres")
    random = np.random.default_rng(3)
    image = tf.constant(random.normal(0, 50, (4, 33, 33, 3)), tf.float32)
    before = network.get_layer("score").get_weights()[0]
    start_weights.data_dependent_init(
        network, ["fc7"], image, is_classifier=True
    )
    after = network.get_layer("score").get_weights()[0]
    pooled = keras.Model(network.input, network.get_layer("gap").output)(image)
    mean = np.mean(pooled, 0)
    np.testing.assert_allclose(mean @ after, 0, atol=1e-5)
    assert np.abs(mean @ before).max() > 1e-4
    removed = before - after
    np.testing.assert_allclose(
        removed, np.outer(mean, removed[0] / mean[0]), atol=1e-5
    )


def test_kernels_of_a_classifier_are_weighted_towards_their_centre():
    network, image = (
        thin_networks.build("gap_highres"),
        thin_networks.photograph("gap_highres"),
    )
    before = weights.to_dict(network)["conv4_2/kernel"]
    start_weights.data_dependent_init(
        network, ["conv4_2"], image, is_classifier=True
    )
    after = weights.to_dict(network)["conv4_2/kernel"]
    relative = (after / after[1, 1]) / (before / before[1, 1])
    taps = [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]]
    np.testing.assert_allclose(
        relative,
        np.broadcast_to(np.array(taps)[..., None, None], after.shape),
        rtol=1e-3,
    )
