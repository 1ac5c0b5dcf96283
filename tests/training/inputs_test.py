import dataclasses
import functools

import numpy as np
import pytest
from thin_recipes import (
    FROZEN,
    IDS,
    SEEDER,
    SEGMENTER,
    SETTINGS,
    SOURCE,
    photograph,
    truth,
    with_crf_loss,
)

from guided_segmentation import artifacts, images, labels
from guided_segmentation.datasets import layouts, pascal_voc
from guided_segmentation.training import inputs


@pytest.mark.parametrize(("pooling", "first"), [("3x3", 0), ("2x2", 8)])
@pytest.mark.parametrize("stride", [8, 16])
def test_targets_are_the_labels_under_the_cells(stride, pooling, first):
    """Cells beyond the border are ignored."""
    chosen = dataclasses.replace(
        SEGMENTER,
        framing="whole",
        network={**SEGMENTER.network, "stride": stride, "pooling": pooling},
    )
    source = dataclasses.replace(SOURCE, image_ids=SOURCE.image_ids[:1])
    settings = dataclasses.replace(SETTINGS, batch_size=1)
    batches = inputs.batches(chosen, source, truth, settings, None, 0)
    whole = images.whole_label_map(truth("2007_0"), 33).numpy()
    views = [
        np.pad(view, (0, first), constant_values=labels.IGNORE)[
            first::stride, first::stride
        ]
        for view in (whole, whole[:, ::-1])
    ]
    for batch in batches.take(4):
        target = batch["target"][0].numpy()
        assert target.shape == 2 * (32 // stride + 1,)
        assert any((target == view).all() for view in views)


def test_class_balanced_batches_follow_the_image_labels_of_the_data():
    """Of five photographs one has a dog; every two examples show it."""
    source = dataclasses.replace(
        SOURCE,
        image_labels=lambda image_id: np.eye(2)[int(image_id == IDS[3])] > 0,
    )
    chosen = dataclasses.replace(SEEDER, sampling="class_balanced")
    batches = inputs.batches(
        chosen, source, source.image_labels, SETTINGS, None, 0
    )
    dogs = [batch["target"].numpy()[:, 1].sum() for batch in batches]
    assert dogs == [1] * SETTINGS.num_steps


@pytest.mark.parametrize("scales", [(1.0,), (1.0, 2.0), (2.0, 0.5)])
@pytest.mark.parametrize(("stride", "side"), [(16, 33), (8, 41)])
def test_crops_of_features_and_targets_show_the_same_cells(
    scales, stride, side
):
    """Features that hold the label under their cell come back as the target."""
    chosen = dataclasses.replace(
        FROZEN,
        input_size=side,
        scales=scales,
        network={**SEGMENTER.network, "stride": stride, "pooling": "2x2"},
    )
    stored = []
    for scale in scales:
        size = round((side - 1) * scale / stride) * stride + 1
        maps = [images.whole_label_map(truth(i), size) for i in IDS]
        maps = [images.reflect_pad(x[..., None], side, side) for x in maps]
        pairs = [np.stack([each, each[:, ::-1]]) for each in maps]
        under = np.pad(
            pairs,
            ((0, 0), (0, 0), (0, 8), (0, 8), (0, 0)),
            constant_values=labels.IGNORE,
        )[:, :, 8::stride, 8::stride]
        stored.append(under.astype(np.float16))
    settings = dataclasses.replace(SETTINGS, num_steps=40)
    cells, seen = side // stride + 1, set()
    for batch in inputs.batches(chosen, SOURCE, truth, settings, stored, 0):
        found, targets = batch["input"][..., 0].numpy(), batch["target"]
        assert found.shape == (2, cells, cells)
        inside = targets.numpy() != labels.IGNORE
        np.testing.assert_array_equal(found[inside], targets[inside])
        seen |= {each.numpy().tobytes() for each in targets}
    assert len(seen) >= 5 * len(scales)


@pytest.mark.parametrize("pooling", ["3x3", "2x2"])
@pytest.mark.parametrize("stride", [8, 16])
def test_the_crf_sees_the_colour_under_each_cell(stride, pooling):
    """Photographs of the flat colours of their labels, at native scale."""
    painted = dataclasses.replace(
        SOURCE, image=lambda i: np.stack(3 * [truth(i)], axis=-1)
    )
    network = {**SEGMENTER.network, "stride": stride, "pooling": pooling}
    chosen = dataclasses.replace(SEGMENTER, network=network)
    settings = dataclasses.replace(SETTINGS, num_steps=20)
    made = inputs.batches(
        with_crf_loss(chosen), painted, truth, settings, None, 0
    )
    alike, seen = [], set()
    for batch in made:
        image, target = batch["image"].numpy(), batch["target"].numpy()
        assert image.dtype == np.uint8
        assert image.shape == (*target.shape, 3)
        alike.append((image == target[..., None])[:, :-1, :-1])
        seen |= set(target.flat)
    assert seen == {0, 1, 2, labels.IGNORE}
    # Between four pixels, 2x2 pools may see two labels at once.
    assert np.mean(alike) == 1 if pooling == "3x3" else np.mean(alike) > 0.85


def test_the_crf_sees_the_same_beside_cached_features():
    stored = [np.zeros((5, 2, 17, 17, 4), np.float16)]
    chosen = with_crf_loss(FROZEN)
    settings = dataclasses.replace(SETTINGS, num_steps=10)
    cached, direct = (
        inputs.batches(chosen, SOURCE, truth, settings, each, 0)
        for each in (stored, None)
    )
    seen = set()
    for one, other in zip(cached, direct, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_array_equal(one["target"], other["target"])
        seen |= {each.numpy().tobytes() for each in one["image"]}
    assert len(seen) > 5  # Mirror images too.


def test_without_a_crf_loss_batches_are_the_same_but_for_the_image():
    plain, more = (
        next(iter(inputs.batches(chosen, SOURCE, truth, SETTINGS, None, 0)))
        for chosen in (SEGMENTER, with_crf_loss(SEGMENTER))
    )
    assert plain.keys() == {"input", "target", "seed"}
    for key, value in plain.items():
        np.testing.assert_array_equal(value, more[key])


@pytest.fixture(name="voc")
def _voc(tmp_path):
    """The five photographs and their label maps in VOC's folders."""
    root = tmp_path / "voc"
    for image_id in IDS:
        layouts.write_photograph(
            root / "JPEGImages" / f"{image_id}.jpg", photograph(image_id)
        )
        artifacts.write_label_map(
            root / "SegmentationClass" / f"{image_id}.png", truth(image_id)
        )
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("\n".join(IDS))
    (root / "class_names.txt").write_text("cat\ndog\n")
    return lambda: pascal_voc.source(root, "train")


def two_epochs(chosen, source):
    """All batches of two epochs."""
    settings = dataclasses.replace(SETTINGS, num_steps=5)
    target = source.image_labels
    if chosen.is_dense:

        def target(image_id):  # It sees the photograph, as G2 does.
            label_map = source.label_map(image_id).copy()
            label_map[source.image(image_id)[..., 0] > 200] = labels.IGNORE
            return label_map

    made = inputs.batches(chosen, source, target, settings, None, 0)
    return list(made.as_numpy_iterator())


@pytest.mark.parametrize("framing", ["crop", "whole"])
@pytest.mark.parametrize("chosen", [SEGMENTER, SEEDER])
def test_batches_are_the_same_with_and_without_decoded_files(
    voc, tmp_path, chosen, framing
):
    """Each file is decoded once: five photographs and five label maps."""
    chosen = dataclasses.replace(chosen, framing=framing)
    plain = two_epochs(chosen, voc())
    for max_bytes, decoded in ((0, 10), (10**6, 10), (10**6, 0)):
        with artifacts.use_store(tmp_path / "store", max_bytes) as store:
            found = two_epochs(chosen, voc())
        assert store.num_decoded == decoded
        for one, other in zip(found, plain, strict=True):
            assert one.keys() == other.keys()
            for key, value in one.items():
                np.testing.assert_array_equal(value, other[key])


@pytest.mark.parametrize("sampling", sorted(inputs.SAMPLINGS))
def test_workers_parts_of_a_batch_are_the_batch_bit_for_bit(sampling):
    """With random crops, scales and flips, also from a later step on."""
    chosen = dataclasses.replace(
        SEGMENTER, sampling=sampling, scales=(0.75, 1.25)
    )
    settings = dataclasses.replace(SETTINGS, batch_size=3)
    make = functools.partial(
        inputs.batches, chosen, SOURCE, truth, settings, None
    )
    for first_step in (0, 2):
        whole, *parts = (
            list(make(first_step, part).as_numpy_iterator())
            for part in (None, slice(0, 2), slice(2, 3))
        )
        assert len(whole) == SETTINGS.num_steps - first_step
        for batch, *pieces in zip(whole, *parts, strict=True):
            for key, values in batch.items():
                joined = np.concatenate([piece[key] for piece in pieces])
                np.testing.assert_array_equal(joined, values)


def test_what_other_workers_learn_from_is_not_read():
    read = []

    def target(image_id):
        read.append(image_id)
        return truth(image_id)

    settings = dataclasses.replace(SETTINGS, batch_size=4)
    make = functools.partial(
        inputs.batches, SEGMENTER, SOURCE, target, settings, None, 0
    )
    assert len(list(make(slice(0, 1)))) == settings.num_steps
    assert len(read) == settings.num_steps
