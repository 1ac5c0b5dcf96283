import functools
import io
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from guided_segmentation import artifacts, export
from guided_segmentation.images import subtract_mean
from guided_segmentation.networks import prediction, weights

ROOT = pathlib.Path(__file__).parents[1]
SPEC = {"name": "deeplab_v1", "num_classes": 4, "width": 0.05}
SPEC |= {"head_channels": 8}
SETTINGS = {
    "network": SPEC,
    "objects": ["cat", "dog", "cow"],
    "input_size": 33,
    "framing": "whole",
    "trunk_weights": "/home/someone/vgg16.h5",
    "training": {"optimizer": {"head_layers": ["fc8", "/home/someone/x"]}},
}
VIEWS = {"scales": (0.75,), "flip": True}

# Runs where guided_segmentation cannot be imported.
CLIENT = """
import sys
import numpy as np
import tensorflow as tf

folder, inputs, outputs = sys.argv[1:]
signatures = tf.saved_model.load(folder).signatures
answers = {}
for name, array in np.load(inputs, allow_pickle=True).items():
    is_encoded = name.startswith("encoded")
    signature = "serve_encoded" if is_encoded else "serving_default"
    key = "image_bytes" if is_encoded else "image"
    tensor = tf.constant(array.tolist() if is_encoded else array)
    try:
        answer = signatures[signature](**{key: tensor})
    except tf.errors.InvalidArgumentError as error:
        answers[name] = error.message
    else:
        answers |= {f"{name}/{k}": v.numpy() for k, v in answer.items()}
assert "guided_segmentation" not in sys.modules
np.savez(outputs, **answers)
"""


@functools.cache
def network():
    """A thin segmenter to which all classes look equally likely by far."""
    tf.keras.utils.set_random_seed(0)
    thin = weights.build(SPEC)
    last = thin.get_layer("fc8")
    logits = np.asarray(thin(subtract_mean(images(1, 65, 65))))
    mean, deviation = (f(logits, (0, 1, 2)) for f in (np.mean, np.std))
    last.set_weights([last.get_weights()[0] / deviation, -mean / deviation])
    return thin


def images(*shape):
    """Smooth noise, [*shape, 3] uint8."""
    coarse = np.random.default_rng(0).random((shape[0], 5, 6, 3)) * 255
    return tf.image.resize(coarse, shape[1:]).numpy().astype(np.uint8)


def encoded(image, form="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.fromarray(image).convert(mode).save(buffer, form, quality=95)
    return buffer.getvalue()


REQUESTS = {
    "one": images(1, 37, 53),
    "three": images(3, 51, 30),
    "encoded_one": [encoded(images(1, 37, 53)[0])],
    "encoded_three": [encoded(image) for image in images(3, 51, 30)],
    "encoded_jpeg": [encoded(images(1, 37, 53)[0], "JPEG")],
    "encoded_rgba": [encoded(images(1, 37, 53)[0], mode="RGBA")],
    "encoded_grey": [encoded(images(1, 37, 53)[0], mode="L")],
    "encoded_sizes": [encoded(images(1, 9, 8)[0]), encoded(images(1, 9, 7)[0])],
    "encoded_text": [b"no image"],
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    return export.export(network(), SETTINGS, folder, **VIEWS)


@pytest.fixture(scope="module")
def answers(exported, tmp_path_factory):
    """What the SavedModel says to REQUESTS in a process of its own."""
    folder = tmp_path_factory.mktemp("client")
    arrays = {
        name: np.array(r, object) if isinstance(r, list) else r
        for name, r in REQUESTS.items()
    }
    np.savez(folder / "in.npz", **arrays)
    files = [str(folder / "in.npz"), str(folder / "out.npz")]
    run([sys.executable, "-c", CLIENT, str(exported), *files], cwd=folder)
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)


def run(command, **options):
    environment = {**os.environ, **options.pop("env", {})}
    if "cwd" in options:
        environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def graph_nodes(folder):
    """Every node of the SavedModel, those of its functions included."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


@functools.cache
def keras_prediction():
    return prediction.dense(
        network(), size=SETTINGS["input_size"], framing="whole", **VIEWS
    )


def predicted(image):
    return keras_prediction()(image).numpy()


@pytest.mark.parametrize("name", ["one", "three"])
@pytest.mark.parametrize("prefix", ["", "encoded_"])
def test_a_fresh_process_answers_as_keras_does(answers, name, prefix):
    wanted = predicted(REQUESTS[name])
    found = answers[f"{prefix}{name}/probabilities"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    label_map = answers[f"{prefix}{name}/label_map"]
    assert label_map.dtype == np.uint8
    np.testing.assert_array_equal(label_map, found.argmax(-1))


def test_the_answers_tell_classes_apart(answers):
    label_maps = [answers[f"{name}/label_map"] for name in ("one", "three")]
    assert len({index for each in label_maps for index in each.flat}) > 1


def test_a_jpeg_is_served_as_pillow_reads_it_but_for_rounding(answers):
    content = REQUESTS["encoded_jpeg"][0]
    image = np.asarray(Image.open(io.BytesIO(content)))
    found = answers["encoded_jpeg/probabilities"]
    np.testing.assert_allclose(found, predicted(image[None]), atol=0.05)


def test_alpha_is_dropped(answers):
    np.testing.assert_array_equal(
        answers["encoded_rgba/probabilities"],
        answers["encoded_one/probabilities"],
    )


def test_a_grey_photograph_is_served_as_three_equal_channels(answers):
    content = REQUESTS["encoded_grey"][0]
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    found = answers["encoded_grey/probabilities"]
    np.testing.assert_allclose(found, predicted(image[None]), atol=1e-5)


def test_images_of_several_sizes_in_one_request_are_refused(answers):
    message = str(answers["encoded_sizes"])
    assert "images of one request must share one size" in message


def test_bytes_that_are_no_image_are_refused(answers):
    assert "Unknown image file format" in str(answers["encoded_text"])


def test_signatures_say_names_dtypes_and_shapes(exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    assert set(signatures) == {"serving_default", "serve_encoded"}
    inputs = {
        name: signature.structured_input_signature[1]
        for name, signature in signatures.items()
    }
    assert inputs["serving_default"] == {"image": export.IMAGE}
    assert inputs["serve_encoded"] == {"image_bytes": export.IMAGE_BYTES}
    for signature in signatures.values():
        outputs = signature.structured_outputs
        assert outputs["label_map"].dtype == tf.uint8
        assert outputs["label_map"].shape.rank == 3
        assert outputs["probabilities"].dtype == tf.float32
        assert outputs["probabilities"].shape.as_list()[-1] == 4


def test_the_graph_calls_no_python(exported):
    operations = {node.op for node in graph_nodes(exported)}
    assert "Conv2D" in operations
    assert "DecodeImage" in operations
    assert not [name for name in operations if "PyFunc" in name]


def test_no_file_tells_where_it_was_made(exported):
    secrets = [str(ROOT), os.path.expanduser("~") + "/", "/home/", "/tmp/"]
    secrets += [str(exported.parents[1]), "site-packages"]
    for path in exported.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not [s for s in secrets if s.encode() in content], path


def test_classes_and_settings_go_with_the_model(exported):
    extra = exported / "assets.extra"
    text = (extra / "labels.txt").read_text()
    assert text == "background\ncat\ndog\ncow\n"
    optimizer = {"head_layers": ["fc8", "x"]}
    assert artifacts.read_json(extra / "settings.json") == {
        **SETTINGS,
        "trunk_weights": "vgg16.h5",
        "training": {"optimizer": optimizer},
    }


@pytest.fixture
def unsaved(monkeypatch):
    """Saves nothing, for tests of what is around the SavedModel."""
    monkeypatch.setattr(export, "servable", lambda _: None)
    monkeypatch.setattr(export, "_save", lambda *_: None)


def test_versions_count_up_from_the_highest(tmp_path, unsaved):
    (tmp_path / "thin" / "draft").mkdir(parents=True)
    (tmp_path / "thin" / "9").mkdir()
    made = [
        export.export(network(), SETTINGS, tmp_path, name="thin", version=v)
        for v in (None, 12, None)
    ]
    assert made == [tmp_path / "thin" / v for v in ("10", "12", "13")]


def test_an_existing_version_is_refused_and_left_as_it_is(tmp_path):
    kept = tmp_path / export.NAME / "2" / "saved_model.pb"
    artifacts.write_bytes(kept, b"served")
    with pytest.raises(FileExistsError, match=r"2 exists.*leave --version out"):
        export.export(network(), SETTINGS, tmp_path, version=2)
    assert kept.read_bytes() == b"served"


def test_a_failed_export_leaves_no_version(tmp_path, monkeypatch, unsaved):
    def full_disk(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr(artifacts, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space left"):
        export.export(network(), SETTINGS, tmp_path)
    assert not list((tmp_path / export.NAME).iterdir())


@pytest.mark.parametrize(
    ("spec", "objects"),
    [
        ({"name": "gap_highres", "num_objects": 3}, ["cat", "dog", "cow"]),
        ({"name": "deeplab_v1", "num_classes": 2}, None),
    ],
    ids=["seeder", "saliency_net"],
)
def test_only_a_segmenter_is_exported(tmp_path, spec, objects):
    other = weights.build({**spec, "width": 0.05, "head_channels": 8})
    settings = {**SETTINGS, "objects": objects}
    with pytest.raises(ValueError, match=r"wanted a segmenter.*train_segmente"):
        export.export(other, settings, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_binary_exports_a_trained_run(tmp_path):
    run_dir = tmp_path / "segmenter"
    weights.save(network(), run_dir / weights.WEIGHTS_FILE)
    settings = {**SETTINGS, "framing": "crop"}
    artifacts.write_json(run_dir / weights.SETTINGS_FILE, settings)
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
