import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation.evaluation import average_precision

RANKED = np.array([0.9, 0.8, 0.7, 0.6])


def by_the_devkit(scores, present):
    """The area as VOC's devkit has it: a curve, its envelope, its steps."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(present[order])
    recall = [0, *(hits / present.sum()), 1]
    precision = [0, *(hits / np.arange(1, len(scores) + 1)), 0]
    for i in reversed(range(len(precision) - 1)):
        precision[i] = max(precision[i], precision[i + 1])
    return sum(
        (recall[i] - recall[i - 1]) * precision[i]
        for i in range(1, len(recall))
    )


def test_the_area_of_a_hand_worked_ranking():
    """Hits at ranks 1 and 3: precisions 1 and 2 / 3, half a recall each."""
    present = np.array([True, False, True, False])
    found = average_precision.average_precision(RANKED, present)
    assert found == pytest.approx((1 + 2 / 3) / 2)


def test_a_precision_counts_at_all_lower_recalls_too():
    """Hits at ranks 2 and 3: 1 / 2 there, but 2 / 3 a little further."""
    present = np.array([False, True, True, False])
    found = average_precision.average_precision(RANKED, present)
    assert found == pytest.approx(2 / 3)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1).filter(
        lambda pairs: any(present for _, present in pairs)
    )
)
@settings(max_examples=100, deadline=None)
def test_the_area_is_that_of_the_devkit(pairs):
    scores = np.array([score for score, _ in pairs], float)
    present = np.array([present for _, present in pairs])
    assert average_precision.average_precision(
        scores, present
    ) == pytest.approx(by_the_devkit(scores, present))


def test_a_difficult_image_is_as_good_as_none():
    present = np.array([True, True, False, True])
    difficult = np.array([False, True, False, False])
    assert average_precision.average_precision(
        RANKED, present, difficult
    ) == average_precision.average_precision(
        RANKED[~difficult], present[~difficult]
    )


def test_a_class_that_is_nowhere_has_no_average_precision():
    nowhere = np.zeros(4, bool)
    assert np.isnan(average_precision.average_precision(RANKED, nowhere))


def test_each_class_has_its_own():
    scores = np.stack([RANKED, RANKED, RANKED], 1)
    present = np.zeros((4, 3), bool)
    present[0, 0] = present[3, 1] = True
    found = average_precision.by_class(scores, present)
    np.testing.assert_allclose(found, [1, 1 / 4, np.nan])
    difficult = np.zeros((4, 3), bool)
    difficult[:2, 1] = True
    found = average_precision.by_class(scores, present, difficult)
    np.testing.assert_allclose(found, [1, 1 / 2, np.nan])


def test_scores_and_labels_of_different_images_are_refused():
    with pytest.raises(
        ValueError,
        match=r"must share one shape, got \(4,\), \(3,\) and \(3,\); give one",
    ):
        average_precision.average_precision(RANKED, np.ones(3, bool))
    with pytest.raises(
        ValueError, match=r"one shape, got \(4, 2\), \(4, 3\) and \(4, 3\)"
    ):
        average_precision.by_class(np.ones((4, 2)), np.ones((4, 3), bool))
