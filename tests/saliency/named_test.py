import pathlib

import numpy as np
import onnx_samples
import pytest

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import builders, prediction, weights
from guided_segmentation.saliency import named, u2netp

SPEC = {
    "name": "deeplab_v1",
    "num_classes": 2,
    "width_multiplier": 1 / 64,
    "head_channels": 4,
}
IMAGE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.fixture
def builtin(tmp_path, monkeypatch):
    """A thin net in the place of the one that comes with the package."""
    folder = tmp_path / "saliency_builtin"
    weights.save(builders.build(SPEC), folder / weights.WEIGHTS_FILE)
    settings = {
        "network": SPEC,
        "objects": None,
        "input_size": 33,
        "framing": "whole",
    }
    artifacts.write_json(folder / provenance.SETTINGS_FILE, settings)
    monkeypatch.setattr(named, "BUILTIN", str(folder))
    return folder


def test_the_builtin_net_predicts_like_any_trained_net(builtin):
    opened = named.open_named("builtin", scales=[1.0, 1.5], flip=True)
    network, settings = weights.load_trained(builtin)
    wanted = prediction.as_trained(
        network, settings, scales=[1.0, 1.5], flip=True
    )(IMAGE[None])[0, ..., 1]
    found = opened.predict(IMAGE)
    assert (found.shape, found.dtype) == ((40, 50), np.float32)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_the_builtin_net_records_its_weights_and_views(builtin):
    opened = named.open_named("builtin", flip=True)
    assert opened.made == {
        "saliency": "builtin",
        "weights_sha256": provenance.sha256(builtin / weights.WEIGHTS_FILE),
        "precision": "float32",
        "scales": [1.0],
        "flip": True,
        "fusion": "mean",
    }


def test_an_onnx_file_records_its_digest_and_convention(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx")
    opened = named.open_named(
        f"onnx:{path}",
        onnx=named.OnnxOptions(convention="isnet", is_logits=False),
    )
    assert opened.made == {
        "saliency": "onnx",
        "sha256": provenance.sha256(path),
        "divisor": "255",
        "mean": (0.5, 0.5, 0.5),
        "stddev": (1.0, 1.0, 1.0),
        "is_logits": False,
        "input_size": [8, 8],
    }
    assert opened.predict(IMAGE).shape == (40, 50)


def test_every_option_of_an_onnx_file_counts(tmp_path):
    path = onnx_samples.write(tmp_path / "m.onnx", size=(None, None))
    options = named.OnnxOptions(
        mean=[0, 0, 0], stddev=[1, 1, 1], is_logits=False, input_size=9
    )
    opened = named.open_named(f"onnx:{path}", onnx=options)
    assert opened.made["input_size"] == [9, 9]
    assert opened.made["mean"] == (0, 0, 0)


def test_a_file_without_a_stated_convention_is_refused(tmp_path):
    path = onnx_samples.write(tmp_path / "isnet.onnx")
    with pytest.raises(ValueError, match="suggests --saliency_convention=isn"):
        named.open_named(f"onnx:{path}")


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    onnx_samples.write(tmp_path / "m.onnx")
    options = named.OnnxOptions(convention="u2net")
    assert named.open_named("onnx:~/m.onnx", onnx=options).made


def test_u2netp_is_downloaded_and_follows_u2net(tmp_path, monkeypatch):
    path = onnx_samples.write(tmp_path / "m.onnx")
    monkeypatch.setattr(u2netp, "download", lambda: path)
    monkeypatch.setattr(u2netp, "is_file", lambda found: found == path)
    opened = named.open_named("u2netp")
    assert opened.made["saliency"] == "u2netp"
    assert opened.made["divisor"] == "maximum"


def test_the_published_file_is_known_by_its_checksum(real_data):
    path = real_data / "weights" / "u2netp.onnx"
    assert u2netp.is_file(path)
    opened = named.open_named(f"onnx:{path}")
    assert opened.made["divisor"] == "maximum"
    assert opened.made["input_size"] == [320, 320]
    folder = real_data / "msra_style"
    photograph = sorted((folder / "Image" / "0").glob("*.jpg"))[0]
    truth = artifacts.read_saliency_map(
        folder / "masks" / f"{photograph.stem}.png"
    )
    found = opened.predict(artifacts.read_image(photograph))
    assert found.shape == truth.shape
    both = (found >= 0.5) & (truth >= 0.5)
    either = (found >= 0.5) | (truth >= 0.5)
    assert both.sum() / either.sum() > 0.7


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "u2",
            {},
            r"^--saliency: wanted builtin, u2netp, onnx:PATH or dir:PATH, "
            r"found 'u2'$",
        ),
        ("onnx:", {}, "^--saliency: wanted .* found 'onnx:'$"),
        ("dir:maps", {}, "^--saliency: wanted .* found 'dir:maps'$"),
        (
            "builtin",
            {"onnx": named.OnnxOptions(convention="u2net")},
            "^--saliency=builtin does not take options of ONNX models; leave "
            "them out$",
        ),
        (
            "u2netp",
            {"onnx": named.OnnxOptions(input_size=9)},
            "^--saliency=u2netp does not take options of ONNX models",
        ),
        (
            "u2netp",
            {"flip": True},
            "^--saliency=u2netp does not take --scales, --flip or --fusion; "
            "leave them out$",
        ),
        ("onnx:m.onnx", {"scales": [1.0]}, "^--saliency=onnx:m.onnx does not"),
    ],
)
def test_other_names_and_options_are_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        named.open_named(name, **arguments)


def test_a_folder_of_maps_is_split_off(tmp_path):
    assert named.folder_of(f"dir:{tmp_path}") == pathlib.Path(tmp_path)
    for name in ("builtin", "u2netp", "onnx:dir:m.onnx"):
        assert named.folder_of(name) is None


def test_a_missing_folder_of_maps_is_named():
    with pytest.raises(
        FileNotFoundError,
        match=r"^--saliency=dir:/none: no folder /none; name a folder of "
        r"saliency maps, <image_id>\.png$",
    ):
        named.folder_of("dir:/none")
