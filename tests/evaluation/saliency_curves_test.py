import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation import artifacts, labels
from guided_segmentation.evaluation import saliency_curves
from guided_segmentation.saliency import detector

IGNORE = labels.IGNORE
SIZE = (4, 5)

label_maps = arrays.arrays(
    np.uint8, SIZE, elements=st.sampled_from([0, 0, 1, 3, IGNORE])
)


def from_0_to_255(levels):
    """Makes 0 and 255 the extremes, so that no map is rescaled."""
    levels.flat[:2] = 255, 0
    return levels


level_maps = arrays.arrays(np.uint8, SIZE).map(from_0_to_255)
images = st.lists(st.tuples(label_maps, level_maps), min_size=1, max_size=3)


def means(pairs):
    """Means of pairs of a truth and the levels of an 8-bit map."""
    return saliency_curves.mean(
        saliency_curves.count(np.uint8(truth), np.float32(levels) / 255)
        for truth, levels in pairs
    )


def mean(values):
    """Of what is not None, and None of nothing."""
    values = [each for each in values if each is not None]
    return sum(values) / len(values) if values else None


def scores_at(truth, levels, threshold):
    """IoU, precision and recall of one image, by masks."""
    scored = truth != IGNORE
    if not scored.any():
        return None, None, None
    true = truth[scored] > 0
    found = levels[scored] >= threshold
    both = (true & found).sum()
    iou = both / (true | found).sum() if (true | found).any() else 1.0
    if not true.any():
        return iou, None, None
    precision = both / found.sum() if found.any() else None
    return iou, precision, both / true.sum()


def absolute_error(truth, levels):
    scored = truth != IGNORE
    if scored.any():
        return np.abs(levels[scored] / 255 - (truth[scored] > 0)).mean()


def is_scored(pairs):
    return any((truth != IGNORE).any() for truth, _ in pairs)


def has_foreground(pairs):
    return any(((truth > 0) & (truth != IGNORE)).any() for truth, _ in pairs)


# One pass against the definitions.


@given(images.filter(is_scored))
@settings(max_examples=20, deadline=None)
def test_one_pass_equals_a_loop_over_thresholds(pairs):
    found = means(pairs)
    curve = saliency_curves.curve(found)
    for threshold in curve["thresholds"]:
        each = [scores_at(*pair, threshold) for pair in pairs]
        iou, precision, recall = map(mean, zip(*each, strict=True))
        above = mean([i and i > 0.6 for i, _, _ in each])
        assert found.iou[threshold] == pytest.approx(iou)
        assert found.fraction_above[threshold] == pytest.approx(above)
        assert curve["precision"][threshold] == pytest.approx(precision)
        assert curve["recall"][threshold] == pytest.approx(recall)


@given(images.filter(is_scored))
@settings(max_examples=50, deadline=None)
def test_the_mean_absolute_error_is_what_its_name_says(pairs):
    mae = saliency_curves.summary(means(pairs))["mae"]
    assert mae == pytest.approx(mean([absolute_error(*p) for p in pairs]))


@given(images.filter(has_foreground))
@settings(max_examples=50, deadline=None)
def test_the_best_f_measure_is_the_highest_on_the_curve(pairs):
    found = means(pairs)
    curve = saliency_curves.curve(found)
    best = max(
        1.3 * p * r / (0.3 * p + r)
        for p, r in zip(curve["precision"], curve["recall"], strict=True)
        if p is not None and p + r > 0
    )
    assert saliency_curves.summary(found)["max_f"] == pytest.approx(best)


@given(level_maps, st.sampled_from([1, 2, 127, 254, 255]))
@settings(max_examples=50, deadline=None)
def test_the_scores_are_those_of_the_masks_that_guides_use(levels, maximum):
    levels = np.minimum(levels, maximum)
    levels.flat[:3] = maximum // 2, (maximum + 1) // 2, maximum
    truth = np.tile(np.uint8([0, 1, 1, 0, IGNORE]), (4, 1))
    mask = detector.saliency_mask(np.float32(levels) / 255)
    as_levels = mask.astype(np.uint8) * 255
    summary = saliency_curves.summary(means([(truth, levels)]))
    of_mask = saliency_curves.summary(means([(truth, as_levels)]))
    for name in ("iou", "fraction_above_0.6", "precision", "recall"):
        assert summary[name] == of_mask[name]


def test_a_map_survives_its_file_level_by_level(tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    artifacts.write_saliency_map(tmp_path / "a.png", levels / 255)
    read = artifacts.read_saliency_map(tmp_path / "a.png")
    counts = saliency_curves.count(np.ones((16, 16), np.uint8), read)
    np.testing.assert_array_equal(counts, [[0] * 256, [1] * 256])


@pytest.mark.parametrize("maximum", [1, 51, 127])
def test_a_map_scores_as_the_same_map_up_to_255(maximum):
    truth = np.uint8([[1, 1, 0, 0]])
    levels = np.uint8([[maximum, 0, 0, maximum]])
    whole = np.uint8([[255, 0, 0, 255]])
    assert saliency_curves.summary(means([(truth, levels)])) == (
        saliency_curves.summary(means([(truth, whole)]))
    )


# Properties.


@given(images.filter(has_foreground))
@settings(max_examples=50, deadline=None)
def test_recall_falls_from_one_as_the_threshold_rises(pairs):
    recall = means(pairs).recall
    assert recall[0] == 1
    assert (np.diff(recall) <= 0).all()


@given(images.filter(has_foreground))
@settings(max_examples=20, deadline=None)
def test_a_map_that_is_the_truth_is_perfect(pairs):
    perfect = [(truth, (truth > 0) * 255) for truth, _ in pairs]
    summary = saliency_curves.summary(means(perfect))
    names = ("iou", "fraction_above_0.6", "precision", "recall", "max_f")
    assert [summary[name] for name in names] == [1] * 5
    assert summary["mae"] == 0


@given(images.filter(is_scored))
@settings(max_examples=20, deadline=None)
def test_a_map_and_its_negative_have_errors_that_add_up_to_one(pairs):
    negative = [(truth, 255 - levels) for truth, levels in pairs]
    maes = [saliency_curves.summary(means(p))["mae"] for p in (pairs, negative)]
    assert sum(maes) == pytest.approx(1)


@given(images.filter(is_scored), level_maps)
@settings(max_examples=20, deadline=None)
def test_ignored_pixels_change_nothing(pairs, other):
    changed = [
        (truth, np.where(truth == IGNORE, other, levels))
        for truth, levels in pairs
    ]
    for one, two in zip(means(pairs), means(changed), strict=True):
        np.testing.assert_array_equal(one, two)


# Hand-worked cases.


def test_the_curve_of_a_hand_worked_image():
    """Two true pixels, at 200 and 50; two false ones, at 100 and 0."""
    found = means([([[1, 2, 0, 0, IGNORE]], [[200, 50, 100, 0, 255]])])
    curve = saliency_curves.curve(found)
    assert curve["thresholds"] == list(range(256))
    for first, last, precision, recall in [
        (0, 0, 1 / 2, 1),
        (1, 50, 2 / 3, 1),
        (51, 100, 1 / 2, 1 / 2),
        (101, 200, 1, 1 / 2),
        (201, 255, None, 0),
    ]:
        levels = slice(first, last + 1)
        wanted = [precision] * (last + 1 - first)
        assert curve["precision"][levels] == pytest.approx(wanted)
        assert set(curve["recall"][levels]) == {recall}
    summary = saliency_curves.summary(found)
    assert summary == {
        "iou": 0.5,
        "fraction_above_0.6": 0,
        "mae": pytest.approx((55 + 205 + 100 + 0) / 255 / 4),
        "precision": 1,
        "recall": 0.5,
        "max_f": pytest.approx(1.3 * 0.5 / (0.3 + 0.5)),
        "images": 1,
        "images_without_foreground": 0,
    }
    both = {**summary, "curve": curve}
    assert json.loads(json.dumps(both, allow_nan=False)) == both


def test_the_summary_of_two_hand_worked_images():
    good = ([[0, 0, 1, 2, IGNORE]], [[0, 102, 255, 153, 255]])
    poor = ([[3, 3, 3, 0]], [[127, 51, 255, 255]])
    assert saliency_curves.summary(means([good, poor])) == {
        "iou": pytest.approx((1 + 1 / 4) / 2),
        "fraction_above_0.6": 0.5,
        "mae": pytest.approx((0.8 / 4 + (128 + 204 + 255) / 255 / 4) / 2),
        "precision": pytest.approx((1 + 1 / 2) / 2),
        "recall": pytest.approx((1 + 1 / 3) / 2),
        # At 103 ... 127: precision (1 + 2 / 3) / 2, recall the same.
        "max_f": pytest.approx(5 / 6),
        "images": 2,
        "images_without_foreground": 0,
    }


def test_images_weigh_the_same_whatever_their_size():
    large = (np.ones((10, 10)), np.zeros((10, 10)))
    small = (np.ones((1, 1)), np.full((1, 1), 255))
    summary = saliency_curves.summary(means([large, small]))
    assert [summary[name] for name in ("iou", "mae", "recall")] == [0.5] * 3


def test_the_f_measure_favours_precision():
    precision = np.array([0.8, 0.4, 0, np.nan])
    recall = np.array([0.4, 0.8, 0, 0.5])
    np.testing.assert_allclose(
        saliency_curves.f_measure(precision, recall),
        [0.416 / 0.64, 0.416 / 0.92, np.nan, np.nan],
    )


def test_an_iou_of_exactly_six_tenths_is_not_above_it():
    summary = saliency_curves.summary(
        means([([[1, 1, 1, 1, 1]], [[255, 255, 255, 0, 0]])])
    )
    assert summary["iou"] == 0.6
    assert summary["fraction_above_0.6"] == 0


# Images that have no score, or not all of them.


def test_images_without_foreground_or_mask_stay_out_of_undefined_means():
    """Empty and empty agree; the others miss or invent everything."""
    pairs = [
        (np.full((2, 2), truth), np.full((2, 2), level))
        for truth, level in itertools.product((0, 1), (0, 255))
    ]
    assert saliency_curves.summary(means(pairs)) == {
        "iou": 0.5,
        "fraction_above_0.6": 0.5,
        "mae": 0.5,
        "precision": 1,
        "recall": 0.5,
        # Above threshold 0 the missed image lowers recall alone.
        "max_f": pytest.approx(1),
        "images": 4,
        "images_without_foreground": 2,
    }


def test_of_a_split_without_foreground_only_errors_are_known():
    found = means([([[IGNORE, 0, 0]], [[255, 51, 0]])])
    assert saliency_curves.summary(found) == {
        "iou": 1,
        "fraction_above_0.6": 1,
        "mae": pytest.approx(0.1),
        "precision": None,
        "recall": None,
        "max_f": None,
        "images": 1,
        "images_without_foreground": 1,
    }
    curve = saliency_curves.curve(found)
    assert curve["precision"] == curve["recall"] == [None] * 256


def test_an_image_ignored_everywhere_changes_no_mean():
    good = ([[1, 0]], [[200, 100]])
    blank = ([[IGNORE, IGNORE]], [[255, 255]])
    alone = saliency_curves.summary(means([good]))
    both = saliency_curves.summary(means([blank, good]))
    assert both == {**alone, "images": 2, "images_without_foreground": 1}


def test_one_image_is_held_at_a_time():
    """A generator will do, and it is read once."""
    counts = saliency_curves.count(np.uint8([[1, 0]]), np.float32([[1, 0]]))
    stream = itertools.repeat(counts, 100)
    assert saliency_curves.mean(stream).images == 100
    assert next(stream, None) is None


def test_a_map_of_another_size_is_refused_with_its_name():
    with pytest.raises(
        ValueError,
        match=r"b.png: truth and saliency map must share one shape, got "
        r"\(2, 4\) and \(2, 3\); resize the saliency map to the image",
    ):
        saliency_curves.count(
            np.zeros((2, 4), np.uint8), np.zeros((2, 3), np.float32), "b.png"
        )


@pytest.mark.parametrize("number", [0, 2])
def test_saliency_without_a_pixel_to_score_is_refused(number):
    blank = ([[IGNORE, IGNORE]], [[255, 255]])
    with pytest.raises(
        ValueError,
        match=rf"nothing to score: none of {number} images has a true pixel "
        r"that is not 255 \(ignored\); check the split and its label maps",
    ):
        means([blank] * number)
