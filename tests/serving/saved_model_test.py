import functools
import hashlib
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
from tensorflow_serving.apis import prediction_log_pb2

from guided_segmentation import artifacts, labels, provenance
from guided_segmentation.images import subtract_mean
from guided_segmentation.networks import (
    builders,
    prediction,
    start_weights,
    weights,
)
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import backprop, cam, seeds
from guided_segmentation.serving import saved_model, servables

ROOT = pathlib.Path(__file__).parents[2]
SPEC = {"name": "deeplab_v1", "num_classes": 4, "width_multiplier": 0.05}
SPEC |= {"head_channels": 8}
SETTINGS = {
    "network": SPEC,
    "objects": ["cat", "dog", "cow"],
    "input_size": 33,
    "framing": "whole",
    "trunk_weights": "/home/someone/vgg16.h5",
    "training": {"optimizer": {"head_layers": ["fc8", "/home/someone/x"]}},
}
SCORES = {"source": "synthetic/val", "miou": 0.25}
SCORES |= {"predictions_dir": "/home/someone/predictions/g2"}
OF_SALIENCY = {
    **SETTINGS,
    "network": {**SPEC, "num_classes": 2},
    "objects": None,
}
VIEWS = {"scales": (0.75,), "flip": True}
OTHER_STACK = "3.12" if sys.version_info < (3, 12) else "3.11"

# Runs where guided_segmentation is not asked.
CLIENT = """
import collections
import sys
import numpy as np
import tensorflow as tf

folder, inputs, outputs = sys.argv[1:]
requests = collections.defaultdict(dict)
for key, array in np.load(inputs).items():
    path, _, name = key.rpartition("/")
    is_bytes = array.dtype.kind == "S"
    requests[path][name] = tf.constant(array.tolist() if is_bytes else array)
models = {
    name: tf.saved_model.load(f"{folder}/{name}/1").signatures
    for name in {path.partition("/")[0] for path in requests}
}
answers = {}
for path, tensors in requests.items():
    is_encoded = "image_bytes" in tensors
    signature = "serve_encoded" if is_encoded else "serving_default"
    try:
        answer = models[path.partition("/")[0]][signature](**tensors)
    except tf.errors.InvalidArgumentError as error:
        answers[path] = error.message
    else:
        answers |= {f"{path}/{k}": v.numpy() for k, v in answer.items()}
assert "guided_segmentation" not in sys.modules
np.savez(outputs, **answers)
"""


@functools.cache
def network(num_classes=4, deviation=1):
    """A thin segmenter whose logits have mean 0 and a known deviation."""
    tf.keras.utils.set_random_seed(0)
    thin = builders.build({**SPEC, "num_classes": num_classes})
    last = thin.get_layer("fc8")
    logits = np.asarray(thin(subtract_mean(images(1, 65, 65))))
    mean, factor = logits.mean((0, 1, 2)), deviation / logits.std((0, 1, 2))
    last.set_weights([last.get_weights()[0] * factor, -mean * factor])
    return thin


def saliency_net():
    """One to which most photographs have a part that stands out."""
    return network(num_classes=2, deviation=3)


@functools.cache
def seeder(name, **rules):
    """A thin network that classifies, ready to look for three objects."""
    tf.keras.utils.set_random_seed(0)
    spec = {
        "name": name,
        "num_objects": 3,
        "width_multiplier": 0.05,
        "head_channels": 8,
    }
    thin = builders.build({**spec, **rules})
    fresh = [layer.name for layer in thin.layers if layer.weights]
    start_weights.data_dependent_init(
        thin, fresh[:-1], subtract_mean(images(1, 193, 193))
    )
    if rules:
        return backprop.seeder(thin, 193, "guided", blur_px=2.0)
    return cam.seeder(thin, 65)


SEEDERS = {
    "cam": functools.partial(seeder, "gap_highres"),
    "backprop": functools.partial(
        seeder, "vgg16", **backprop.METHODS["guided"]
    ),
}


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
    "eight": images(8, 51, 30),
    "encoded_one": [encoded(images(1, 37, 53)[0])],
    "encoded_eight": [encoded(image) for image in images(8, 51, 30)],
    "encoded_jpeg": [encoded(images(1, 37, 53)[0], "JPEG")],
    "encoded_rgba": [encoded(images(1, 37, 53)[0], mode="RGBA")],
    "encoded_grey": [encoded(images(1, 37, 53)[0], mode="L")],
    "encoded_sizes": [encoded(images(1, 9, 8)[0]), encoded(images(1, 9, 7)[0])],
    "encoded_text": [b"no image"],
}
SHARED = ("one", "eight", "encoded_one", "encoded_eight")  # Of all models.
# The last image of eight has no object, the one before has all.
IMAGE_LABELS = np.array([[0, 1, 0], [1, 0, 1]] * 3 + [[1] * 3, [0] * 3], bool)
MODULES = {
    "segmenter": lambda: servables.segmenter(network(), SETTINGS, **VIEWS),
    "guided": lambda: servables.guided(network(), SETTINGS, **VIEWS),
    "saliency": lambda: servables.saliency(saliency_net(), OF_SALIENCY),
    "cam": lambda: servables.seeder(SEEDERS["cam"](), 3),
    "backprop": lambda: servables.seeder(SEEDERS["backprop"](), 3),
}
every_model = pytest.mark.parametrize("model", MODULES)
every_seeder = pytest.mark.parametrize("model", SEEDERS)
both_sizes = pytest.mark.parametrize("name", ["one", "eight"])
both_signatures = pytest.mark.parametrize("prefix", ["", "encoded_"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Folder of all models, each in its first version."""
    folder = tmp_path_factory.mktemp("exported")
    scores = tmp_path_factory.mktemp("scores") / "g2.json"
    artifacts.write_json(scores, SCORES)
    for name, module in MODULES.items():
        settings = OF_SALIENCY if name == "saliency" else SETTINGS
        saved_model.export(
            module(), settings, folder, name=name, evaluation=scores
        )
    return folder


@pytest.fixture(scope="module", params=["this stack", "the other stack"])
def answers(request, exported, tmp_path_factory):
    """What the SavedModels say to REQUESTS in a process of its own."""
    python = pathlib.Path(sys.executable)
    if request.param == "the other stack":
        python = pathlib.Path(sys.prefix).parent / OTHER_STACK / "bin/python"
    if not python.exists():
        pytest.skip(f"no environment for Python {OTHER_STACK} beside this one")
    folder = tmp_path_factory.mktemp("client")
    np.savez(folder / "in.npz", **requested())
    files = [str(folder / "in.npz"), str(folder / "out.npz")]
    run([str(python), "-c", CLIENT, str(exported), *files], cwd=folder)
    with np.load(folder / "out.npz") as arrays:
        return dict(arrays)


def requested():
    """Inputs by model, request and name."""
    arrays = {}
    for model in MODULES:
        for name in REQUESTS if model == "segmenter" else SHARED:
            key = "image_bytes" if name.startswith("encoded") else "image"
            arrays[f"{model}/{name}/{key}"] = np.array(REQUESTS[name])
            if model in SEEDERS:
                there = IMAGE_LABELS[: len(REQUESTS[name])]
                arrays[f"{model}/{name}/image_labels"] = there
    return arrays


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
def keras_prediction(make):
    views = VIEWS if make is network else {}
    size = SETTINGS["input_size"]
    return prediction.dense(make(), size=size, framing="whole", **views)


def predicted(image, make=network):
    return keras_prediction(make)(image).numpy()


@both_sizes
@both_signatures
@pytest.mark.parametrize("model", ["segmenter", "guided"])
def test_a_fresh_process_answers_as_keras_does(answers, model, name, prefix):
    wanted = predicted(REQUESTS[name])
    found = answers[f"{model}/{prefix}{name}/probabilities"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    label_map = answers[f"{model}/{prefix}{name}/label_map"]
    assert label_map.dtype == np.uint8
    np.testing.assert_array_equal(label_map, found.argmax(-1))


def test_the_answers_tell_classes_apart(answers):
    maps = [answers[f"segmenter/{name}/label_map"] for name in ("one", "eight")]
    assert len({index for each in maps for index in each.flat}) > 1


def test_guided_counts_what_it_segments(answers):
    there = []
    for name in ("one", "eight"):
        label_maps = answers[f"guided/{name}/label_map"]
        counts = [np.bincount(each.ravel(), minlength=4) for each in label_maps]
        np.testing.assert_allclose(
            answers[f"guided/{name}/fractions"],
            np.array(counts) / label_maps[0].size,
            rtol=1e-5,
        )
        found = answers[f"guided/{name}/image_labels"]
        wanted = [labels.present(label_map, 3) for label_map in label_maps]
        np.testing.assert_array_equal(found, wanted)
        there += [*found.ravel()]
    assert len(set(there)) == 2


@both_signatures
def test_saliency_is_served_as_it_is_stored_and_read(answers, prefix, tmp_path):
    path, all_masks = tmp_path / "map.png", []
    for name in ("one", "eight"):
        answer = f"saliency/{prefix}{name}"
        levels = answers[f"{answer}/saliency_map"]
        masks = answers[f"{answer}/saliency_mask"]
        wanted = predicted(REQUESTS[name], saliency_net)
        for each, level, mask in zip(wanted, levels, masks, strict=True):
            artifacts.write_saliency_map(path, detector.saliency_map(each))
            stored = artifacts.read_saliency_map(path) * 255
            assert np.abs(level - stored).max() < 1.01
            artifacts.write_saliency_map(path, level / 255)
            served = artifacts.read_saliency_map(path)
            np.testing.assert_array_equal(served, np.float32(level) / 255)
            np.testing.assert_array_equal(mask, detector.saliency_mask(served))
        all_masks += [*masks.ravel()]
    assert len(set(all_masks)) == 2


@every_seeder
@both_sizes
@both_signatures
def test_seeders_are_served_as_they_seed(answers, model, name, prefix):
    found = answers[f"{model}/{prefix}{name}/score_maps"]
    logits = answers[f"{model}/{prefix}{name}/logits"]
    for index, image in enumerate(REQUESTS[name]):
        there = IMAGE_LABELS[index]
        objects = np.flatnonzero(there).astype(np.int32)
        wanted, wanted_logits = SEEDERS[model]()(image, objects)
        largest = np.abs(wanted).max(initial=0)
        assert largest > 0 or not there.any()
        np.testing.assert_allclose(
            found[index][..., there], wanted, atol=1e-4 * largest
        )
        np.testing.assert_allclose(logits[index], wanted_logits, atol=1e-4)
        assert not found[index][..., ~there].any()


@every_seeder
@both_sizes
def test_served_seeds_are_those_of_the_score_maps(answers, model, name):
    score_maps = answers[f"{model}/{name}/score_maps"]
    found = answers[f"{model}/{name}/seeds"]
    assert found.dtype == np.uint8
    for index, seeded in enumerate(found):
        there = np.flatnonzero(IMAGE_LABELS[index])
        wanted = seeds.seeds(score_maps[index][..., there], there + 1)
        np.testing.assert_array_equal(seeded, wanted)
        assert seeded.any() == bool(len(there))


def test_a_jpeg_is_served_as_pillow_reads_it_but_for_rounding(answers):
    content = REQUESTS["encoded_jpeg"][0]
    image = np.asarray(Image.open(io.BytesIO(content)))
    found = answers["segmenter/encoded_jpeg/probabilities"]
    np.testing.assert_allclose(found, predicted(image[None]), atol=0.05)


def test_alpha_is_dropped(answers):
    np.testing.assert_array_equal(
        answers["segmenter/encoded_rgba/probabilities"],
        answers["segmenter/encoded_one/probabilities"],
    )


def test_a_grey_photograph_is_served_as_three_equal_channels(answers):
    content = REQUESTS["encoded_grey"][0]
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    found = answers["segmenter/encoded_grey/probabilities"]
    np.testing.assert_allclose(found, predicted(image[None]), atol=1e-5)


def test_images_of_several_sizes_in_one_request_are_refused(answers):
    message = str(answers["segmenter/encoded_sizes"])
    assert "images of one request must share one size" in message


def test_bytes_that_are_no_image_are_refused(answers):
    message = str(answers["segmenter/encoded_text"])
    assert "Unknown image file format" in message


OUTPUTS = {
    "segmenter": {"label_map": "uint8 3", "probabilities": "float32 4"},
    "saliency": {"saliency_map": "uint8 3", "saliency_mask": "bool 3"},
    "cam": {"score_maps": "float32 4", "seeds": "uint8 3"},
}
OUTPUTS["cam"]["logits"] = "float32 2"
OUTPUTS["backprop"] = OUTPUTS["cam"]
OUTPUTS["guided"] = {"fractions": "float32 2", "image_labels": "bool 2"}
OUTPUTS["guided"] |= OUTPUTS["segmenter"]


@every_model
def test_signatures_say_names_dtypes_and_shapes(exported, model):
    signatures = tf.saved_model.load(str(exported / model / "1")).signatures
    assert set(signatures) == {"serving_default", "serve_encoded"}
    inputs = {
        name: dict(signature.structured_input_signature[1])
        for name, signature in signatures.items()
    }
    for each in inputs.values():
        if model in SEEDERS:
            there = each.pop("image_labels")
            assert (there.dtype, there.shape.as_list()) == (tf.bool, [None, 3])
    assert inputs["serving_default"] == {"image": servables.IMAGE}
    assert inputs["serve_encoded"] == {"image_bytes": servables.IMAGE_BYTES}
    for signature in signatures.values():
        outputs = signature.structured_outputs.items()
        found = {k: f"{v.dtype.name} {v.shape.rank}" for k, v in outputs}
        assert found == OUTPUTS[model]


@every_model
def test_the_graph_calls_no_python(exported, model):
    operations = {node.op for node in graph_nodes(exported / model / "1")}
    assert "Conv2D" in operations
    assert "DecodeImage" in operations
    assert not [name for name in operations if "PyFunc" in name]


def test_no_file_tells_where_it_was_made(exported):
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
def test_the_card_goes_with_the_model(exported, model):
    card = (exported / model / "1" / "README.md").read_text()
    assert card.startswith(f"# {model}, version 1\n")
    assert "| objects | cat, dog, cow |" in card or model == "saliency"
    assert "| predictions_dir | g2 |\n| miou | 0.250 |" in card


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


@pytest.mark.parametrize("model", ["saliency", "cam"])
def test_a_model_answers_its_warm_up_requests(exported, model):
    folder = exported / model / "1"
    signatures = tf.saved_model.load(str(folder)).signatures
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    asked = []
    for record in tf.data.TFRecordDataset(str(path)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        request = log.predict_log.request
        signature = request.model_spec.signature_name
        assert request.model_spec.name == model
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        inputs = {k: tf.constant(v) for k, v in inputs.items()}
        answer = signatures[signature](**inputs)
        sizes = {tuple(v.shape[1:3]) for v in answer.values() if v.ndim > 2}
        assert sizes == {(33, 33)}
        asked.append(signature)
    assert asked == ["serving_default", "serve_encoded"]


@pytest.fixture
def unsaved(monkeypatch):
    """Saves nothing, for tests of what is around the SavedModel."""
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


def test_what_is_no_segmenter_has_another_name(tmp_path, unsaved, module):
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
