import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation import labels
from guided_segmentation.evaluation import mean_iou, precision_recall

FARM = labels.LabelSet(("cow", "horse", "sheep"))
IGNORE = labels.IGNORE

# Rows are the truth: background, cow, horse, sheep. The horse is never
# predicted, a sheep is predicted but never true.
COUNTS = np.array(
    [
        [60, 5, 0, 5, 30],
        [10, 20, 0, 0, 10],
        [6, 0, 0, 0, 14],
        [0, 0, 0, 0, 0],
    ]
)


def label_maps(size=(6, 7)):
    return arrays.arrays(
        np.uint8, size, elements=st.sampled_from([0, 1, 2, 3, IGNORE])
    )


def test_precision_and_recall_of_hand_worked_counts():
    np.testing.assert_allclose(
        precision_recall.precision(COUNTS), [60 / 76, 20 / 25, np.nan, 0]
    )
    np.testing.assert_allclose(
        precision_recall.recall(COUNTS), [0.6, 0.5, 0, np.nan]
    )


@given(label_maps(), label_maps())
@settings(max_examples=50, deadline=None)
def test_precision_is_the_recall_of_the_swapped_pair(truth, prediction):
    """Over pixels that both label; ignored ones break the symmetry."""
    both = (truth != IGNORE) & (prediction != IGNORE)
    truth, prediction = truth[both], prediction[both]
    there = mean_iou.confusion(truth, prediction, 4)
    back = mean_iou.confusion(prediction, truth, 4)
    np.testing.assert_array_equal(
        precision_recall.precision(there), precision_recall.recall(back)
    )


@given(label_maps(), label_maps())
@settings(max_examples=50, deadline=None)
def test_iou_follows_from_precision_and_recall(truth, prediction):
    """1 / IoU = 1 / precision + 1 / recall - 1, wherever there is a hit."""
    counts = mean_iou.confusion(truth, prediction, 4)
    hit = np.diag(counts) > 0
    precision = precision_recall.precision(counts)[hit]
    recall = precision_recall.recall(counts)[hit]
    np.testing.assert_allclose(
        1 / mean_iou.iou(counts)[hit], 1 / precision + 1 / recall - 1
    )


@given(label_maps(), label_maps())
@settings(max_examples=50, deadline=None)
def test_ignoring_more_lowers_no_precision_of_the_pixels_left(truth, guide):
    """A guide that withdraws its errors is all precision."""
    withdrawn = np.where(guide == truth, guide, np.uint8(IGNORE))
    before = mean_iou.confusion(truth, guide, 4)
    after = mean_iou.confusion(truth, withdrawn, 4)
    precision = precision_recall.precision(after)
    assert (precision[~np.isnan(precision)] == 1).all()
    np.testing.assert_array_equal(
        precision_recall.recall(before), precision_recall.recall(after)
    )


def test_guide_summary_of_hand_worked_counts():
    """Cow and horse are true; the horse has recall 0 and no precision."""
    summary = precision_recall.guide_summary(COUNTS, FARM, images=2)
    assert summary["fg"] == {
        "precision": pytest.approx(20 / 25),
        "recall": pytest.approx((0.5 + 0) / 2),
    }
    assert summary["bg"] == {
        "precision": pytest.approx(60 / 76),
        "recall": pytest.approx(0.6),
    }
    assert summary["ignored"] == pytest.approx(54 / 160)
    assert summary["labelled_only"] == {
        "miou": pytest.approx((60 / 86 + 20 / 35 + 0 + 0) / 4),
        "fg": {
            "precision": pytest.approx(20 / 25),
            "recall": pytest.approx((20 / 30 + 0) / 2),
        },
        "bg": {
            "precision": pytest.approx(60 / 76),
            "recall": pytest.approx(60 / 70),
        },
    }
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_guide_summary_extends_the_summary():
    plain = mean_iou.summary(COUNTS, FARM, 2)
    summary = precision_recall.guide_summary(COUNTS, FARM, 2)
    assert {key: summary[key] for key in plain} == plain
    assert summary["miou"] == pytest.approx((60 / 116 + 20 / 45) / 4)


def test_guide_summary_leaves_its_counts_as_they_were():
    counts = COUNTS.copy()
    precision_recall.guide_summary(counts, FARM, 2)
    np.testing.assert_array_equal(counts, COUNTS)


def test_classes_weigh_the_same_whatever_their_size():
    counts = np.array(
        [[1, 0, 0, 0, 0], [0, 998, 2, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 4, 0]]
    )
    summary = precision_recall.guide_summary(counts, FARM, 1)
    assert summary["fg"] == {
        "precision": pytest.approx((1 + 1 / 3 + 1) / 3),
        "recall": pytest.approx((0.998 + 0.5 + 1) / 3),
    }


def test_means_of_nothing_are_none():
    """The truth is background alone and the guide commits to nothing."""
    counts = np.zeros((4, 5), np.int64)
    counts[0, 4] = 9
    summary = precision_recall.guide_summary(counts, FARM, 1)
    nothing = {"precision": None, "recall": None}
    assert summary["fg"] == nothing
    assert summary["bg"] == {"precision": None, "recall": 0}
    assert summary["labelled_only"] == {
        "miou": None,
        "fg": nothing,
        "bg": nothing,
    }


def test_guide_summary_of_no_pixel_is_refused():
    with pytest.raises(ValueError, match=r"nothing to score: .* all 3 images"):
        precision_recall.guide_summary(np.zeros((4, 5), np.int64), FARM, 3)
