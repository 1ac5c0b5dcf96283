import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation import labels
from guided_segmentation.evaluation import mean_iou

PETS = labels.LabelSet(("cat", "dog"))
NUM_CLASSES = 4
IGNORE = labels.IGNORE


def label_maps(size=(6, 7), ignore=True):
    values = [0, 1, 2, 3, IGNORE] if ignore else [0, 1, 2, 3]
    return arrays.arrays(np.uint8, size, elements=st.sampled_from(values))


def slow_confusion(truth, prediction, num_classes):
    counts = np.zeros((num_classes, num_classes + 1), np.int64)
    for true, predicted in zip(truth.flat, prediction.flat, strict=True):
        if true != IGNORE:
            counts[true, num_classes if predicted == IGNORE else predicted] += 1
    return counts


def test_confusion_of_a_hand_worked_pair():
    truth = np.array([[0, 0, 1, 1, 2, 2, 255, 255]], np.uint8)
    prediction = np.array([[0, 1, 1, 255, 0, 2, 2, 255]], np.uint8)
    counts = mean_iou.confusion(truth, prediction, 3)
    assert counts.dtype == np.int64
    np.testing.assert_array_equal(
        counts, [[1, 1, 0, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    )


@given(label_maps(), label_maps())
@settings(max_examples=50, deadline=None)
def test_confusion_equals_counting_pixel_by_pixel(truth, prediction):
    np.testing.assert_array_equal(
        mean_iou.confusion(truth, prediction, NUM_CLASSES),
        slow_confusion(truth, prediction, NUM_CLASSES),
    )


@given(label_maps(ignore=False), label_maps(ignore=False))
@settings(max_examples=50, deadline=None)
def test_iou_is_symmetric_in_truth_and_prediction(truth, prediction):
    there = mean_iou.confusion(truth, prediction, NUM_CLASSES)
    back = mean_iou.confusion(prediction, truth, NUM_CLASSES)
    np.testing.assert_array_equal(mean_iou.iou(there), mean_iou.iou(back))


@given(label_maps(), label_maps())
@settings(max_examples=50, deadline=None)
def test_iou_equals_intersection_over_union_of_sets(truth, prediction):
    counts = mean_iou.confusion(truth, prediction, NUM_CLASSES)
    scored = truth != IGNORE
    for index, score in enumerate(mean_iou.iou(counts)):
        true = {*np.flatnonzero(scored & (truth == index))}
        predicted = {*np.flatnonzero(scored & (prediction == index))}
        if true | predicted:
            wanted = len(true & predicted) / len(true | predicted)
            assert score == pytest.approx(wanted)
        else:
            assert np.isnan(score)


@given(label_maps(), label_maps(), label_maps(), label_maps())
@settings(max_examples=25, deadline=None)
def test_the_counts_of_a_split_are_the_sum_over_its_images(a, b, c, d):
    apart = mean_iou.confusion(a, b, NUM_CLASSES)
    apart += mean_iou.confusion(c, d, NUM_CLASSES)
    together = mean_iou.confusion(
        np.hstack([a, c]), np.hstack([b, d]), NUM_CLASSES
    )
    np.testing.assert_array_equal(apart, together)


@given(label_maps())
@settings(max_examples=25, deadline=None)
def test_a_label_map_scores_one_against_itself(truth):
    truth[0, 0] = 3
    counts = mean_iou.confusion(truth, truth, NUM_CLASSES)
    assert mean_iou.mean_iou(counts) == 1.0


def test_what_a_guide_ignores_counts_against_the_true_class_alone():
    """Of 4 cats 2 are found, 1 is ignored, 1 is called background."""
    truth = np.array([[1, 1, 1, 1, 0, 0]], np.uint8)
    prediction = np.array([[1, 1, 255, 0, 0, 255]], np.uint8)
    counts = mean_iou.confusion(truth, prediction, 3)
    np.testing.assert_allclose(mean_iou.iou(counts), [1 / 3, 2 / 4, np.nan])
    assert mean_iou.mean_iou(counts) == pytest.approx(5 / 12)


def test_predictions_where_the_truth_is_ignored_count_nowhere():
    truth = np.array([[0, 1, 255, 255]], np.uint8)
    prediction = np.array([[0, 1, 2, 1]], np.uint8)
    counts = mean_iou.confusion(truth, prediction, 3)
    np.testing.assert_array_equal(mean_iou.iou(counts), [1, 1, np.nan])


def test_a_class_predicted_but_never_true_scores_zero():
    truth = np.array([[0, 0]], np.uint8)
    prediction = np.array([[0, 2]], np.uint8)
    counts = mean_iou.confusion(truth, prediction, 3)
    np.testing.assert_array_equal(mean_iou.iou(counts), [0.5, np.nan, 0])


def test_the_mean_of_nothing_is_nan():
    assert np.isnan(mean_iou.mean_iou(np.zeros((3, 4), np.int64)))
    assert np.isnan(mean_iou.mean(np.array([np.nan, np.nan])))


def test_ratio_is_nan_where_the_whole_is_zero():
    np.testing.assert_array_equal(
        mean_iou.ratio(np.array([1, 0]), np.array([4, 0])), [0.25, np.nan]
    )


def test_summary_of_a_hand_worked_split():
    counts = np.array([[6, 2, 0, 2], [1, 4, 0, 5], [0, 0, 0, 0]])
    summary = mean_iou.summary(counts, PETS, images=7)
    assert summary == {
        "miou": pytest.approx((6 / 11 + 4 / 12) / 2),
        "iou": {
            "background": pytest.approx(6 / 11),
            "cat": pytest.approx(4 / 12),
            "dog": None,
        },
        "images": 7,
        "pixel_accuracy": 0.5,
        "ignored": 7 / 20,
        "confusion": counts.tolist(),
    }
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_label_maps_of_two_sizes_are_named():
    with pytest.raises(
        ValueError,
        match=r"2007_000032: truth and prediction must share one shape, got "
        r"\(2, 3\) and \(2, 4\); resize the prediction to the image",
    ):
        mean_iou.confusion(
            np.zeros((2, 3), np.uint8),
            np.zeros((2, 4), np.uint8),
            3,
            where="2007_000032",
        )


@pytest.mark.parametrize("which", ["truth", "prediction"])
def test_a_class_outside_the_label_set_is_named(which):
    parts = {
        name: np.zeros((2, 3), np.uint8) for name in ("truth", "prediction")
    }
    parts[which][0, 0] = 3
    with pytest.raises(
        ValueError,
        match=rf"{which} of this image: wanted class indices 0 to 2 or 255 "
        r"\(ignored\), found \[3\]; check the label set",
    ):
        mean_iou.confusion(**parts, num_classes=3)


def test_a_split_without_a_pixel_to_score_is_refused():
    with pytest.raises(
        ValueError,
        match=r"nothing to score: the truth of all 4 images is 255 \(ignored\) "
        r"everywhere; check the label maps",
    ):
        mean_iou.summary(np.zeros((3, 4), np.int64), PETS, images=4)
