import hashlib
import os
import pathlib
import sys

import numpy as np
import pytest
import tensorflow as tf
from thin_servables import (
    MODULES,
    REQUESTS,
    SETTINGS,
    every_model,
    network,
    run,
)

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import prediction, weights
from guided_segmentation.serving import converters, input_specs, saved_model

ROOT = pathlib.Path(__file__).parents[2]


def test_no_file_contains_a_machine_path(exported):
    secrets = [str(ROOT), os.path.expanduser("~") + "/", "/home/", "/tmp/"]
    secrets += [str(exported), "site-packages"]
    for path in exported.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [s for s in secrets if s.encode() in content], path


def test_classes_and_settings_go_with_the_model(exported):
    extra = exported / "segmenter" / "1" / "assets.extra"
    text = (extra / "labels.txt").read_text()
    assert text == "background\ncat\ndog\ncow\n"
    optimizer = {"head_layers": ["fc8", "x"]}
    assert artifacts.read_json(extra / "settings.json") == {
        **SETTINGS,
        "trunk_weights": "vgg16.h5",
        "training": {"optimizer": optimizer},
    }


def test_a_saliency_net_has_no_classes_to_name(exported):
    extra = exported / "saliency" / "1" / "assets.extra"
    assert not (extra / "labels.txt").exists()


@every_model
def test_checksums_are_those_of_all_other_files(exported, model):
    folder = exported / model / "1"
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    names = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert sums.keys() == names - {"SHA256SUMS"}
    assert {"README.md", "saved_model.pb"} < sums.keys()
    for name, digest in sums.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


@pytest.fixture
def unsaved(monkeypatch):
    """Replaces writing the SavedModel, for tests of the other files."""
    monkeypatch.setattr(saved_model, "save", lambda *_: None)


@pytest.fixture(scope="module")
def module():
    return MODULES["segmenter"]()


def test_versions_count_up_from_the_highest(tmp_path, unsaved, module):
    (tmp_path / "thin" / "draft").mkdir(parents=True)
    (tmp_path / "thin" / "9").mkdir()
    made = [
        saved_model.export(module, SETTINGS, tmp_path, name="thin", version=v)
        for v in (None, 12, None)
    ]
    assert made == [tmp_path / "thin" / v for v in ("10", "12", "13")]


def test_default_names_depend_on_the_kind_of_servable(
    tmp_path, unsaved, module
):
    made = saved_model.export(module, SETTINGS, tmp_path)
    assert made == tmp_path / "guided_segmentation" / "1"
    found = saved_model.default_name("saliency")
    assert found == "guided_segmentation_saliency"


def test_an_existing_version_is_refused_and_left_as_it_is(tmp_path, module):
    kept = tmp_path / saved_model.NAME / "2" / "saved_model.pb"
    artifacts.write_bytes(kept, b"served")
    with pytest.raises(FileExistsError, match=r"2 exists.*leave --version out"):
        saved_model.export(module, SETTINGS, tmp_path, version=2)
    assert kept.read_bytes() == b"served"


def test_a_failed_export_leaves_no_version(
    tmp_path, monkeypatch, unsaved, module
):
    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(artifacts, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space left"):
        saved_model.export(module, SETTINGS, tmp_path)
    assert not list((tmp_path / saved_model.NAME).iterdir())


def test_a_converted_file_is_exported_with_its_classes_and_card(
    tmp_path, module
):
    made = converters.Converted(
        "model.onnx",
        b"graph",
        input_specs.IMAGE,
        {"label_map": tf.TensorSpec([None, None, None], tf.uint8)},
        ("One.", "Two."),
    )
    path = saved_model.export(
        module, SETTINGS, tmp_path, name="thin", converted=made
    )
    files = {
        str(each.relative_to(path))
        for each in path.rglob("*")
        if each.is_file()
    }
    extra = {"assets.extra/labels.txt", "assets.extra/settings.json"}
    assert files == {"README.md", "SHA256SUMS", "model.onnx", *extra}
    assert (path / "model.onnx").read_bytes() == b"graph"
    assert "model.onnx" in (path / "SHA256SUMS").read_text()
    card = (path / "README.md").read_text()
    assert "`model.onnx`: One. Two." in card
    assert "| `image` | [any, any, any, 3] uint8 |" in card
    assert "| `label_map` | [any, any, any] uint8 |" in card
    assert "serve_encoded" not in card


def test_the_binary_exports_a_trained_run(tmp_path):
    run_dir = tmp_path / "segmenter"
    weights.save(network(), run_dir / weights.WEIGHTS_FILE)
    settings = {**SETTINGS, "framing": "crop"}
    artifacts.write_json(run_dir / provenance.SETTINGS_FILE, settings)
    said = run(
        [
            sys.executable,
            str(ROOT / "bin" / "export_model"),
            f"--segmenter_dir={run_dir}",
            f"--output_dir={tmp_path / 'models'}",
            "--name=thin",
            "--version=7",
        ],
        env={"PYTHONPATH": str(ROOT)},
    )
    path = tmp_path / "models" / "thin" / "7"
    assert said == f"{path}\n"
    image = REQUESTS["one"]
    model = tf.saved_model.load(str(path))
    found = model.serving_default(image)
    predict = prediction.dense(network(), size=33, framing="crop")
    wanted = predict(image)
    np.testing.assert_allclose(found["probabilities"], wanted, atol=1e-5)
