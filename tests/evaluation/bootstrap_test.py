"""Resamples are what a slow loop over images scores, and intervals cover."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation.evaluation import bootstrap, mean_iou
from guided_segmentation.labels import IGNORE

NUM_CLASSES = 3


def drawn_maps(images, seed=0, noise=0.4):
    """Label maps of [images, 4, 5] pixels: the truth, and what is taken for it.

    Images differ in size of object and in how much is ignored, by either.
    """
    generator = np.random.default_rng(seed)
    truth = generator.integers(NUM_CLASSES, size=(images, 4, 5))
    wrong = generator.integers(NUM_CLASSES, size=truth.shape)
    found = np.where(generator.random(truth.shape) < noise, wrong, truth)
    for label_maps in (truth, found):
        ignored = generator.random((images, 1, 1)) / 2
        label_maps[generator.random(truth.shape) < ignored] = IGNORE
    return truth.astype(np.uint8), found.astype(np.uint8)


def areas_of(truth, found):
    each = [
        mean_iou.areas(mean_iou.confusion(*pair, NUM_CLASSES))
        for pair in zip(truth, found, strict=True)
    ]
    return mean_iou.Areas(*map(np.stack, zip(*each, strict=True)))


def drawn_areas(images, **kwargs):
    return areas_of(*drawn_maps(images, **kwargs))


def slow_mean_iou(truth, found, indices):
    """Lays the images drawn side by side and scores them as one."""
    true = np.concatenate([truth[index].ravel() for index in indices])
    made = np.concatenate([found[index].ravel() for index in indices])
    scores = []
    for index in range(NUM_CLASSES):
        union = ((true == index) | (made == index)) & (true != IGNORE)
        if union.any():
            both = (true == index) & (made == index)
            scores.append(both.sum() / union.sum())
    return np.mean(scores)


def test_resamples_equal_scoring_the_images_drawn_one_by_one(monkeypatch):
    """Over the edge of a block, too."""
    monkeypatch.setattr(bootstrap, "_BLOCK", 7)
    truth, found = drawn_maps(11)
    drawn = [
        times for block in bootstrap._draws(11, 20, seed=5) for times in block
    ]
    assert len(drawn) == 20
    assert all(times.sum() == 11 for times in drawn)
    np.testing.assert_allclose(
        bootstrap.mean_ious(areas_of(truth, found), 20, seed=5),
        [
            slow_mean_iou(truth, found, np.repeat(np.arange(11), times))
            for times in drawn
        ],
        rtol=1e-12,
    )


def test_resamples_spread_as_images_picked_by_another_hand():
    truth, found = drawn_maps(8, seed=1)
    generator = np.random.default_rng(9)
    slow = [
        slow_mean_iou(truth, found, generator.integers(8, size=8))
        for _ in range(1000)
    ]
    fast = bootstrap.mean_ious(areas_of(truth, found))
    quarters = [2.5, 25, 50, 75, 97.5]
    np.testing.assert_allclose(
        np.percentile(fast, quarters), np.percentile(slow, quarters), atol=0.015
    )


def test_every_image_is_as_likely_as_any_other():
    times = np.concatenate([*bootstrap._draws(5, 4000, seed=0)])
    np.testing.assert_allclose(times.mean(axis=0), 1, atol=0.06)
    np.testing.assert_allclose(times.var(axis=0), 4 / 5, atol=0.06)


def test_intervals_cover_the_truth_about_as_often_as_they_promise():
    """Images of random size and difficulty, so of known mIoU all together."""
    runs, images = 150, 100
    generator = np.random.default_rng(4)
    truth = rare_objects(generator, 400_000).total().mean_iou()
    covered = 0
    for _ in range(runs):
        areas = rare_objects(generator, images)
        low, high = bootstrap.interval(
            areas.total().mean_iou(), bootstrap.mean_ious(areas, resamples=200)
        )
        covered += low <= truth <= high
    assert 0.88 <= covered / runs <= 0.985


def rare_objects(generator, images):
    """Images of one object out of ten, some of which is taken for another."""
    areas = np.zeros((3, images, 10), np.int64)
    size = generator.integers(100, 1001, images)
    hit = generator.binomial(size, generator.uniform(0.2, 0.9, images))
    truth, other = generator.integers(10, size=(2, images))
    rows = np.arange(images)
    areas[0][rows, truth] = hit
    np.add.at(areas[1], (rows, truth), size)
    np.add.at(areas[1], (rows, other), np.where(truth == other, 0, size - hit))
    return mean_iou.Areas(*areas)


def simulated_areas(generator, images):
    """Unions of 100 to 1,000 pixels, 20 to 90 per cent of which are hit."""
    shape = images, NUM_CLASSES
    union = generator.integers(100, 1001, size=shape)
    hit = generator.uniform(0.2, 0.9, size=(images, 1))
    return mean_iou.Areas(
        generator.binomial(union, hit), union, np.zeros(shape, np.int64)
    )


def test_a_run_differs_from_itself_by_nothing():
    areas = drawn_areas(9)
    assert bootstrap.difference(areas, areas) == {
        "difference": 0.0,
        "interval": [0.0, 0.0],
    }
    assert bootstrap.percent(areas, areas) == {
        "percent": 100.0,
        "interval": [100.0, 100.0],
    }


def test_a_difference_has_the_other_sign_the_other_way_round():
    good, bad = drawn_areas(9, noise=0.2), drawn_areas(9, noise=0.6)
    there, back = (
        bootstrap.difference(good, bad),
        bootstrap.difference(bad, good),
    )
    assert there["difference"] == -back["difference"] > 0
    low, high = there["interval"]
    np.testing.assert_allclose(back["interval"], [-high, -low])


def test_pairing_narrows_the_interval_of_what_differs_everywhere_alike():
    """Hard images are hard for both; one is better by 5 points in each."""
    generator = np.random.default_rng(0)
    one = simulated_areas(generator, 80)
    other = one._replace(intersection=one.intersection - one.union // 20)
    low, high = bootstrap.difference(one, other)["interval"]
    alone = bootstrap.miou_interval(one)
    assert low > 0.045
    assert high - low < (alone[1] - alone[0]) / 20


def test_difference_and_percent_of_a_hand_worked_pair():
    """Every resample of two images alike is those images."""
    half = mean_iou.Areas(*np.array([[[1, 3]] * 2, [[2, 6]] * 2, [[0, 0]] * 2]))
    full = half._replace(intersection=np.array([[2, 3]] * 2))
    assert bootstrap.difference(full, half) == {
        "difference": 0.25,
        "interval": [0.25, 0.25],
    }
    found = bootstrap.percent(half, full)
    assert found["percent"] == pytest.approx(200 / 3)
    assert found["interval"] == pytest.approx([200 / 3] * 2)


def test_the_same_seed_draws_the_same_images():
    areas = drawn_areas(9)
    first, again, other = (
        bootstrap.mean_ious(areas, 50, seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@settings(max_examples=30, deadline=None)
@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 30),
        elements=st.floats(0, 1) | st.just(np.nan),
    )
)
def test_an_interval_lies_within_what_is_defined(values):
    ends = bootstrap.interval(0.0, values)
    if np.isnan(values).all():
        assert ends is None
    else:
        assert np.nanmin(values) <= -ends[1] <= -ends[0] <= np.nanmax(values)


def test_an_interval_reaches_as_far_as_the_resamples_the_other_way():
    """The middle 95 % of them end 425 below and 525 above the value."""
    assert bootstrap.interval(450.0, np.arange(1001.0)) == [-75.0, 875.0]


def test_scores_get_an_interval_beside_each_miou():
    areas = drawn_areas(9)
    scores = bootstrap.with_intervals(
        {"miou": 0.5, "labelled_only": {"miou": 0.6}}, areas
    )
    inner = scores["labelled_only"]
    assert list(scores) == ["miou", "labelled_only", "miou_interval"]
    assert list(inner) == ["miou", "miou_interval"]
    assert scores["miou_interval"] == bootstrap.miou_interval(areas)
    assert inner["miou_interval"][0] > scores["miou_interval"][0]
    json.dumps(scores, allow_nan=False)
    assert "labelled_only" not in bootstrap.with_intervals({}, areas)


def test_images_without_a_pixel_to_score_have_no_interval():
    nothing = mean_iou.Areas(*np.zeros((3, 4, NUM_CLASSES), np.int64))
    assert bootstrap.with_intervals({}, nothing) == {"miou_interval": None}
    assert bootstrap.difference(nothing, nothing) == {
        "difference": None,
        "interval": None,
    }
    assert bootstrap.percent(nothing, nothing)["percent"] is None


def test_runs_over_other_images_are_not_compared():
    with pytest.raises(
        ValueError,
        match=r"two runs over the same images, found one over 3 and one over "
        r"4; evaluate both on one split",
    ):
        bootstrap.difference(drawn_areas(3), drawn_areas(4))
