"""Scores of held-out images while a network trains."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from thin_recipes import SEEDER, SEGMENTER, SETTINGS, SOURCE, truth

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import (
    classification,
    folders,
    held_out,
    mean_iou,
)
from guided_segmentation.networks import builders, prediction, weights
from guided_segmentation.seeders import cam
from guided_segmentation.training import fine_tuning, validation

ONE = tf.distribute.OneDeviceStrategy("CPU:0")


def tagged(rows):
    """A source of as many images as rows of image-level labels."""
    names = tuple(f"image_{index}" for index in range(len(rows)))
    present = dict(zip(names, np.array(rows, bool), strict=True))
    objects = tuple(f"object {index}" for index in range(len(rows[0])))
    return schema.Source(
        name="tagged",
        image_ids=names,
        image=lambda _: np.zeros((8, 8, 3), np.uint8),
        image_labels=present.__getitem__,
        label_set=labels.LabelSet(objects),
    )


# Which images are held out.


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(
            st.lists(st.booleans(), min_size=n, max_size=n),
            min_size=2,
            max_size=30,
        )
    ),
    st.floats(0.01, 0.99),
    st.integers(0, 5),
)
@settings(deadline=None)
def test_no_class_and_no_image_is_lost(rows, fraction, seed):
    source = tagged(rows)
    try:
        learned, scored = held_out.hold_out(source, fraction, seed)
    except ValueError:
        counts = np.array(rows).sum(0)
        assert all((counts[row] == 1).any() for row in np.array(rows))
        return
    assert sorted(learned.image_ids + scored.image_ids) == sorted(
        source.image_ids
    )
    wanted = max(1, round(fraction * len(rows)))
    assert 1 <= len(scored.image_ids) <= wanted
    np.testing.assert_array_equal(
        learned.all_image_labels.any(0), source.all_image_labels.any(0)
    )


def test_as_many_are_held_out_as_the_fraction_says():
    source = tagged([[True]] * 50)
    learned, scored = held_out.hold_out(source, 0.1, seed=0)
    assert (len(learned.image_ids), len(scored.image_ids)) == (45, 5)
    again = held_out.hold_out(source, 0.1, seed=0)[1]
    other = held_out.hold_out(source, 0.1, seed=1)[1]
    assert again.image_ids == scored.image_ids != other.image_ids


def test_few_images_change_sides_when_some_are_added():
    few = held_out.hold_out(tagged([[True]] * 90), 0.1, seed=0)[1]
    many = held_out.hold_out(tagged([[True]] * 100), 0.1, seed=0)[1]
    assert len(set(few.image_ids) & set(many.image_ids)) >= 7


def test_images_that_are_all_needed_are_not_held_out():
    with pytest.raises(
        ValueError,
        match=r"^wanted images of tagged to hold out, found that each of 2 is "
        r"the only one of a class, or of all; add photographs, or set "
        r"--held_out=0$",
    ):
        held_out.hold_out(tagged([[True, False], [False, True]]), 0.5, 0)


def test_some_of_many_images_are_at_equal_intervals():
    found = held_out.evenly(tagged([[True]] * 10), 4)
    assert found.image_ids == ("image_0", "image_2", "image_5", "image_7")
    assert len(held_out.evenly(tagged([[True]] * 3), 4).image_ids) == 3


# Scores.


def random_network(chosen):
    network = builders.build(chosen.network)
    random = np.random.default_rng(0)
    network.set_weights(
        [random.normal(0, 0.2, w.shape) for w in network.get_weights()]
    )
    return network


def test_the_score_of_a_segmenter_is_that_of_its_label_maps(tmp_path):
    """Written, read and counted as bin/segment_images and evaluate do."""
    score = held_out.segmenter_miou(SEGMENTER, SOURCE)
    network = random_network(SEGMENTER)
    predict = prediction.dense(network, size=33, framing="crop")
    for image_id in SOURCE.image_ids:
        found = predict(SOURCE.image(image_id)[None])[0].numpy().argmax(-1)
        path = tmp_path / f"{image_id}.png"
        artifacts.write_label_map(path, found.astype(np.uint8))
    counts = folders.count(SOURCE, tmp_path).confusion
    wanted = mean_iou.mean_iou(counts)
    assert 0 < wanted < 1
    assert score(network) == wanted == score(network)


def test_a_segmenter_is_scored_with_the_weights_it_has_now():
    score = held_out.segmenter_miou(SEGMENTER, SOURCE)
    network = random_network(SEGMENTER)
    before = score(network)
    kernel, bias = network.get_layer("fc8").get_weights()
    always = np.array([0, 1e6, 0], np.float32)
    network.get_layer("fc8").set_weights([0 * kernel, bias * 0 + always])
    pixels = np.concatenate([truth(i).ravel() for i in SOURCE.image_ids])
    share = (pixels == 1).sum() / (pixels != labels.IGNORE).sum()
    assert score(network) == pytest.approx(share / 3) != before


def test_a_segmenter_of_stride_16_is_scored_as_it_predicts():
    """Every 8 pixels, as bin/segment_images does."""
    coarse = {**SEGMENTER.network, "stride": 16}
    chosen = dataclasses.replace(SEGMENTER, network=coarse)
    network = random_network(chosen)
    dense = builders.build_for_prediction(coarse)
    weights.assign(dense, weights.to_dict(network), "test")
    predict = prediction.dense(dense, size=33, framing="crop")
    counts = sum(
        mean_iou.confusion(
            truth(i),
            predict(SOURCE.image(i)[None])[0].numpy().argmax(-1).astype("u1"),
            3,
        )
        for i in SOURCE.image_ids
    )
    score = held_out.segmenter_miou(chosen, SOURCE)
    assert score(network) == mean_iou.mean_iou(counts)


def test_a_segmenter_is_scored_against_a_truth():
    blind = dataclasses.replace(SOURCE, label_map=None)
    with pytest.raises(ValueError, match=r"^pets/train has no true label maps"):
        held_out.segmenter_miou(SEGMENTER, blind)


def test_the_score_of_a_seeder_is_its_mean_average_precision():
    network = random_network(SEEDER)
    wanted = classification.evaluate(cam.seeder(network, 33), SOURCE)["map"]
    assert 0 < wanted <= 1
    score = held_out.seeder_map(SEEDER, SOURCE)
    assert score(network) == pytest.approx(wanted)


def test_a_seeder_without_tagged_images_has_no_score():
    none = dataclasses.replace(SOURCE, image_labels=lambda _: np.zeros(2, bool))
    score = held_out.seeder_map(SEEDER, none)
    assert score(random_network(SEEDER)) is None


@pytest.mark.parametrize("chosen", [SEEDER, SEGMENTER])
def test_scores_in_a_training_do_not_change_it(tmp_path, chosen, two_cpus):
    """Also of two replicas, whose variables are mirrored."""
    make = held_out.segmenter_miou if chosen.is_dense else held_out.seeder_map
    validated = validation.Validation(
        name="score", score=make(chosen, SOURCE), steps=2
    )
    found = []
    for name, watched in (("scored", validated), ("plain", None)):
        fine_tuning.train(
            chosen,
            SOURCE,
            truth if chosen.is_dense else SOURCE.image_labels,
            work_dir=tmp_path / name,
            settings=SETTINGS,
            strategy=two_cpus,
            validated=watched,
        )
        found.append(weights.load(tmp_path / name))
    for name, array in found[0].items():
        np.testing.assert_array_equal(array, found[1][name])
