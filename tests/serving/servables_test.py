import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2
from thin_servables import (
    IMAGE_LABELS,
    REQUESTS,
    SEEDERS,
    both_signatures,
    both_sizes,
    every_model,
    every_seeder,
    predicted,
    saliency_net,
)

from guided_segmentation import artifacts, labels
from guided_segmentation.networks import builders
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds
from guided_segmentation.serving import input_specs, servables

SHAPE = (5, 6, 3)


def built(name, **spec):
    return builders.build({"name": name, "width_multiplier": 0.02, **spec})


def settings(objects):
    return {"objects": objects, "input_size": 17, "framing": "whole"}


def of_three(image, objects):
    """Different score maps of three objects; the last has no positive score."""
    grid = tf.reduce_mean(tf.cast(image, tf.float32), -1, keepdims=True)
    maps = tf.concat([grid, 255 - grid, -1 - grid], -1)
    return tf.gather(maps, objects, axis=-1), tf.reduce_mean(maps, [0, 1])


@pytest.mark.parametrize("threshold", [0.2, 0.5, 1.0])
def test_seeds_are_those_that_make_seeds_writes(threshold):
    images = np.random.default_rng(0).integers(0, 255, (8, *SHAPE), np.uint8)
    there = (np.arange(8)[:, None] >> np.arange(3)) % 2 == 1  # Every subset.
    module = servables.seeder(of_three, 3, threshold)
    found = module.serving_default(images, there)
    for index, image in enumerate(images):
        objects = np.flatnonzero(there[index])
        maps, logits = of_three(image, objects)
        wanted = seeds.seeds(maps.numpy(), objects + 1, threshold)
        np.testing.assert_array_equal(found["seeds"][index], wanted)
        served = found["score_maps"][index].numpy()
        np.testing.assert_array_equal(served[..., objects], maps)
        assert not served[..., ~there[index]].any()
        np.testing.assert_allclose(found["logits"][index], logits, rtol=1e-6)


def test_a_map_without_anything_salient_has_no_mask():
    """As detector.saliency_map does for a probability of 0 everywhere."""
    net = built("deeplab_v1", num_classes=2, head_channels=2)
    last = net.get_layer("fc8")
    kernel, _ = last.get_weights()
    last.set_weights([0 * kernel, np.array([0.0, -1e4], np.float32)])
    module = servables.saliency(net, settings(None))
    found = module.serving_default(np.zeros((1, 9, 7, 3), np.uint8))
    assert not found["saliency_map"].numpy().any()
    assert not found["saliency_mask"].numpy().any()


OBJECTS = ["cat", "dog", "cow"]
OTHERS = {
    "seeder": ("gap_highres", {"num_objects": 3}, OBJECTS),
    "saliency net": ("deeplab_v1", {"num_classes": 2}, None),
    "segmenter": ("deeplab_v1", {"num_classes": 2}, ["cat"]),
}


@pytest.mark.parametrize("serve", [servables.segmenter, servables.guided])
@pytest.mark.parametrize("other", ["seeder", "saliency net"])
def test_only_a_segmenter_segments(serve, other):
    name, spec, objects = OTHERS[other]
    net = built(name, head_channels=2, **spec)
    with pytest.raises(ValueError, match=r"wanted a segmenter.*train_segmente"):
        serve(net, settings(objects))


@pytest.mark.parametrize("other", ["seeder", "segmenter"])
def test_only_a_saliency_net_serves_saliency(other):
    name, spec, objects = OTHERS[other]
    net = built(name, head_channels=2, **spec)
    with pytest.raises(
        ValueError, match=r"wanted a saliency net.*train_salien"
    ):
        servables.saliency(net, settings(objects))


# SavedModels beside Keras, in a process of their own.


def graph_nodes(folder):
    """Yields every node of a SavedModel, including those of its functions."""
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


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


def test_label_maps_have_several_classes(answers):
    maps = [answers[f"segmenter/{name}/label_map"] for name in ("one", "eight")]
    assert len({index for each in maps for index in each.flat}) > 1


def test_guided_returns_fractions_and_labels_of_its_map(answers):
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


@pytest.mark.parametrize("quality", [50, 95])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpegs_are_decoded_to_the_pixels_that_pillow_reads(
    quality, subsampling, mode
):
    noise = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    buffer = io.BytesIO()
    image = Image.fromarray(noise).convert(mode)
    image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    found = servables.decode(tf.constant([buffer.getvalue()]))
    read = np.asarray(Image.open(buffer).convert("RGB"))
    np.testing.assert_array_equal(found[0], read)


def test_a_jpeg_is_served_as_pillow_reads_it(answers):
    content = REQUESTS["encoded_jpeg"][0]
    image = np.asarray(Image.open(io.BytesIO(content)))
    found = answers["segmenter/encoded_jpeg/probabilities"]
    np.testing.assert_allclose(found, predicted(image[None]), atol=1e-5)


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
    assert inputs["serving_default"] == {"image": input_specs.IMAGE}
    assert inputs["serve_encoded"] == {"image_bytes": input_specs.IMAGE_BYTES}
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
