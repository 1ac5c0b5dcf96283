import hashlib
import re
from unittest import mock

import keras
import keras_files
import numpy as np
import pytest
import thin_networks

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import builders, gap, vgg16, weights


@pytest.fixture(autouse=True)
def _seeded():
    """With many other seeds one channel is 0 for every image."""
    keras.utils.set_random_seed(1)


@pytest.mark.parametrize("name", builders.BUILDERS)
def test_a_network_is_the_same_after_saving_and_loading(name, tmp_path):
    network, twin = thin_networks.build(name), thin_networks.build(name)
    image = thin_networks.photograph(name)
    assert np.abs(network(image) - twin(image)).max() > 0
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    received = weights.assign(twin, weights.load(tmp_path), "saved")
    assert received == [layer.name for layer in network.layers if layer.weights]
    np.testing.assert_array_equal(network(image), twin(image))


def test_weights_are_named_by_layer_and_variable():
    stored = weights.to_dict(thin_networks.build("gap_highres"))
    assert set(stored) == {
        f"{layer}/{variable}"
        for layer in (*vgg16.CONVOLUTIONS, "fc6", "fc7")
        for variable in ("kernel", "bias")
    } | {"score/kernel"}
    assert all(array.dtype == np.float32 for array in stored.values())


def test_weights_stay_float32_in_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    stored = weights.to_dict(thin_networks.build("deeplab_v1"))
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
        weights.assign(
            thin_networks.build("deeplab_v1"), weights.to_dict(wide), "seeder"
        )


def test_weights_without_a_common_layer_are_refused():
    strange = {"res2a/kernel": np.zeros(3), "res2a/bias": np.zeros(3)}
    with pytest.raises(
        ValueError,
        match=r"resnet: none of its layers is in vgg16; it holds \['res2a'\]",
    ):
        weights.assign(thin_networks.build("vgg16"), strange, "resnet")


def test_no_weights_at_all_leave_a_network_as_it_is():
    network = thin_networks.build("deeplab_v1")
    before = weights.to_dict(network)
    assert weights.assign(network, {}, "none") == []
    for name, array in weights.to_dict(network).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_finished_run_gives_back_its_network_and_settings(tmp_path):
    spec = thin_networks.spec("deeplab_v1")
    network = builders.build(spec)
    weights.save(network, tmp_path / weights.WEIGHTS_FILE)
    recorded = {"network": spec, "input_size": 33}
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, recorded)
    again, settings = weights.load_trained(tmp_path)
    assert settings == recorded
    image = thin_networks.photograph("deeplab_v1")
    np.testing.assert_array_equal(again(image), network(image))


def test_a_classifier_predicts_on_the_grid_asked_for(tmp_path):
    """Table 6: GAP-LowRes has 21x21 cells at 321 pixels."""
    spec = thin_networks.spec("gap_lowres")
    weights.save(builders.build(spec), tmp_path / weights.WEIGHTS_FILE)
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, {"network": spec})
    for dense, cells in ((True, 41), (False, 21)):
        network, settings = weights.load_trained(tmp_path, dense=dense)
        features = gap.features(network)(np.zeros([1, 321, 321, 3], "f4"))
        assert features.shape[1:3] == (cells, cells)
        assert settings["network"] == spec


def test_an_unfinished_run_has_no_network(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"no trained network in .* \(no weights\.npz\); finish its "
        r"training first",
    ):
        weights.load_trained(tmp_path)


def test_a_failed_save_leaves_the_old_weights(tmp_path):
    path = tmp_path / weights.WEIGHTS_FILE
    weights.save(thin_networks.build("deeplab_v1"), path)
    before = path.read_bytes()
    with (
        mock.patch.object(np, "savez", side_effect=OSError("disk full")),
        pytest.raises(OSError, match="disk full"),
    ):
        weights.save(thin_networks.build("deeplab_v1"), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_hash_of_a_run_is_that_of_its_weights(tmp_path):
    path = tmp_path / weights.WEIGHTS_FILE
    path.write_bytes(b"abc")
    expected = hashlib.sha256(b"abc").hexdigest()
    assert weights.sha256(path) == weights.sha256(tmp_path) == expected


def test_backward_rules_are_for_the_classifier_alone(tmp_path):
    spec = thin_networks.spec("gap_roi")
    weights.save(builders.build(spec), tmp_path / weights.WEIGHTS_FILE)
    artifacts.write_json(tmp_path / provenance.SETTINGS_FILE, {"network": spec})
    with pytest.raises(
        ValueError,
        match=r"wanted the classifier \(vgg16\), found gap_roi; name the "
        r"folder of a run of bin/train_seeder --seeder=vgg16",
    ):
        weights.load_trained(tmp_path, relu="relu")


def test_a_digest_depends_on_weights_names_and_pools():
    network = builders.build({**thin_networks.spec("deeplab_v1")})
    same = builders.build({**thin_networks.spec("deeplab_v1")})
    pooled = builders.build(
        {**thin_networks.spec("deeplab_v1"), "pooling": "2x2"}
    )
    for other in (same, pooled):
        other.set_weights(network.get_weights())
    assert weights.digest(same) == weights.digest(network)
    assert weights.digest(pooled) != weights.digest(network)
    same.layers[-1].set_weights([x + 1 for x in same.layers[-1].get_weights()])
    assert weights.digest(same) != weights.digest(network)


def test_a_packed_run_is_half_as_large_and_predicts_the_same(tmp_path):
    spec = thin_networks.spec("deeplab_v1")
    network = builders.build(spec)
    weights.save(network, tmp_path / "run" / weights.WEIGHTS_FILE)
    settings = {"network": spec, "objects": ["a", "b", "c"]}
    artifacts.write_json(tmp_path / "run" / provenance.SETTINGS_FILE, settings)
    weights.pack(tmp_path / "run", tmp_path / "packed")
    with np.load(tmp_path / "packed" / weights.WEIGHTS_FILE) as arrays:
        assert {arrays[name].dtype for name in arrays} == {np.dtype("f2")}
    loaded = weights.load(tmp_path / "packed")
    assert {array.dtype for array in loaded.values()} == {np.dtype("f4")}
    twin, found = weights.load_trained(tmp_path / "packed")
    assert found == settings
    image = thin_networks.photograph("deeplab_v1")
    np.testing.assert_allclose(twin(image), network(image), atol=0.01)


def test_an_unfinished_run_is_not_packed(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^no weights at"):
        weights.pack(tmp_path, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()
