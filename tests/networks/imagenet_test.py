from unittest import mock

import h5py
import keras
import keras_files
import numpy as np
import pytest

from guided_segmentation.networks import (
    builders,
    imagenet,
    resnet101,
    start_weights,
    weights,
)


@pytest.fixture(name="residual", scope="module")
def _residual():
    """ResNet101 with one channel where there are 64."""
    keras.utils.set_random_seed(0)
    return builders.build({"name": "deeplab_v2", "width_multiplier": 1 / 64})


def top(file, name, shape):
    """Adds a layer of zeros, which take no room on the disk."""
    group = file.create_group(name)
    group.attrs["weight_names"] = [f"{name}/kernel:0", f"{name}/bias:0"]
    kernel = group.create_dataset(
        f"{name}/kernel:0", shape, "f4", chunks=(512, 4096)
    )
    group.create_dataset(f"{name}/bias:0", shape[1:], "f4")
    return kernel


def classifier(path, num_classes):
    """Adds the output layer."""
    with h5py.File(path, "a") as file:
        arrays = [("kernel", np.zeros((4, num_classes)))]
        arrays.append(("bias", np.zeros(num_classes)))
        keras_files.add(file, "predictions", arrays)


@pytest.mark.parametrize("network", ["VGG16", "ResNet101"])
def test_a_failed_download_says_what_to_fetch_instead(monkeypatch, network):
    failure = mock.Mock(side_effect=Exception("URL fetch failure"))
    monkeypatch.setattr(keras.utils, "get_file", failure)
    with pytest.raises(
        OSError,
        match=rf"cannot download Keras's {network} \(URL fetch failure\); "
        rf"fetch https://.*{network.lower()}.*\.h5 yourself and pass "
        rf"--trunk_weights=PATH",
    ):
        imagenet.download(network)


@pytest.mark.parametrize(
    ("network", "file"),
    [
        ("VGG16", "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5"),
        (
            "ResNet101",
            "resnet/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
    ],
)
def test_a_download_is_keras_own_file(monkeypatch, network, file):
    get_file = mock.Mock(return_value="/models/file.h5")
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    assert str(imagenet.download(network)) == "/models/file.h5"
    name, url = get_file.call_args.args
    assert url.endswith(f"keras-applications/{file}")
    assert file.endswith(f"/{name}")
    assert len(get_file.call_args.kwargs["file_hash"]) == 32


def test_an_h5_file_of_another_network_is_refused(tmp_path):
    path = keras_files.vgg16(tmp_path / "other.h5", leave_out="block4_conv2")
    with pytest.raises(ValueError, match="no layer 'block4_conv2'"):
        imagenet.read(path)


def test_keras_names_of_convolutions_become_caffes(tmp_path):
    loaded = imagenet.read(keras_files.vgg16(tmp_path / "vgg16.h5"))
    assert len(loaded) == 26
    assert loaded["conv1_1/kernel"].shape == (3, 3, 3, 1)
    assert loaded["conv5_3/kernel"].shape == (3, 3, 1, 1)
    assert loaded["conv3_2/bias"].tolist() == [-1]


def test_keras_dense_layers_become_windows_of_rows_columns_channels(tmp_path):
    path = keras_files.vgg16(tmp_path / "vgg16.h5")
    with h5py.File(path, "a") as file:
        fc1 = top(file, "fc1", (7 * 7 * 512, 4096))
        fc1[(3 * 7 + 6) * 512 + 100, 8] = 5.0
        top(file, "fc2", (4096, 4096))[4, 12] = 7.0
    loaded = imagenet.read(path)
    assert loaded["fc6/kernel"].shape == (7, 7, 512, 4096)
    assert loaded["fc6/kernel"][3, 6, 100, 8] == 5
    assert loaded["fc7/kernel"][0, 0, 4, 12] == 7
    reduced = start_weights.subsample_fc6_fc7(loaded)
    assert reduced["fc6/kernel"].shape == (3, 3, 512, 1024)
    assert reduced["fc6/kernel"][1, 2, 100, 2] == 5
    assert reduced["fc7/kernel"].shape == (1, 1, 1024, 1024)
    assert reduced["fc7/kernel"][0, 0, 1, 3] == 7


@pytest.mark.parametrize("has_top", [False, True])
def test_a_residual_network_keeps_keras_names(tmp_path, residual, has_top):
    path = keras_files.of(residual, tmp_path / "resnet101.h5")
    if has_top:
        classifier(path, 1000)
    loaded = imagenet.read(path)
    own = start_weights.trunk_of(weights.to_dict(residual))
    assert loaded.keys() == own.keys()
    assert len(loaded) == 104 * (2 + 4)
    for name, array in own.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_a_deeper_or_shallower_residual_network_is_refused(tmp_path, residual):
    path = keras_files.of(residual, tmp_path / "resnet.h5")
    with h5py.File(path, "a") as file:
        file.create_group("conv4_block24_out")
    with pytest.raises(
        ValueError, match="a deeper network than ResNet101: 'conv4_block24_out'"
    ):
        imagenet.read(path)
    with h5py.File(path, "a") as file:
        del file["conv4_block24_out"], file["conv4_block23_3_bn"]
    with pytest.raises(ValueError, match="no layer 'conv4_block23_3_bn'"):
        imagenet.read(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet101_COCO.h5", "COCO"),
        ("deeplab_resnet101.h5", "deeplab"),
        ("pascal.h5", "pascal"),
        ("resnet_voc12.h5", "voc"),
    ],
)
def test_a_file_name_may_be_a_sign_of_masks(tmp_path, name, said):
    path = keras_files.vgg16(tmp_path / name)
    assert imagenet.signs_of_masks(path) == f"its name contains {said}"


def test_a_run_of_this_package_has_no_signs_of_masks(tmp_path):
    """Not even if its folder is named after the data."""
    folder = tmp_path / "voc2012"
    network = builders.build({"name": "gap_roi", "width_multiplier": 1 / 64})
    weights.save(network, folder / weights.WEIGHTS_FILE)
    assert imagenet.signs_of_masks(folder) is None
    assert imagenet.signs_of_masks(folder / weights.WEIGHTS_FILE) is None


def test_a_layer_that_no_imagenet_classifier_has_is_a_sign_of_masks(
    tmp_path, residual
):
    path = keras_files.of(residual, tmp_path / "resnet101.h5")
    reason = "it has a layer fc1_rate12, which no ImageNet classifier has"
    assert imagenet.signs_of_masks(path) == reason


@pytest.mark.parametrize("num_classes", [21, 1000])
def test_another_number_of_classes_than_imagenets_is_a_sign_of_masks(
    tmp_path, num_classes
):
    path = keras_files.vgg16(tmp_path / "vgg16.h5")
    classifier(path, num_classes)
    reason = "it has a layer predictions, which no ImageNet classifier has"
    assert imagenet.signs_of_masks(path) == (
        None if num_classes == 1000 else reason
    )


def test_keras_own_residual_network_has_no_signs_of_masks(tmp_path, residual):
    trunk = keras.Model(
        residual.input, residual.get_layer("conv5_block3_out").output
    )
    path = keras_files.of(trunk, tmp_path / "resnet101_notop.h5")
    assert imagenet.signs_of_masks(path) is None
    assert {x.name for x in trunk.layers if x.weights} == {*resnet101.LAYERS}
