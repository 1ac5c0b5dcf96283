import numpy as np
import pytest

from guided_segmentation.segmenter import decision, leaders


def random(shape, seed=0):
    values = np.random.default_rng(seed).random(shape, np.float32)
    return values / values.sum(-1, keepdims=True)


@pytest.mark.parametrize("num_classes", [2, 3, 21, 255])
def test_classes_and_margins_are_those_of_decision(num_classes):
    probabilities = random((97, 113, num_classes))
    classes, margins = leaders.leading(probabilities)
    wanted = decision.most_probable(probabilities)
    np.testing.assert_array_equal(classes, wanted)
    assert classes.dtype == wanted.dtype
    wanted = decision.margins(probabilities)
    np.testing.assert_array_equal(margins, wanted)
    assert margins.dtype == wanted.dtype


def test_of_equal_probabilities_the_first_class_leads():
    levels = np.random.default_rng(1).integers(3, size=(50, 60, 5))
    probabilities = levels.astype(np.float32) / 2
    classes, margins = leaders.leading(probabilities)
    np.testing.assert_array_equal(classes, probabilities.argmax(-1))
    np.testing.assert_array_equal(margins, decision.margins(probabilities))


def test_zeros_belong_to_the_background_without_a_lead():
    classes, margins = leaders.leading(np.zeros((2, 3, 4), np.float32))
    assert not classes.any() and not margins.any()


def test_absent_objects_change_nothing():
    probabilities = decision.present_only(
        random((30, 40, 21)), np.arange(20) == 6
    )
    classes, margins = leaders.leading(probabilities)
    assert set(np.unique(classes)) == {0, 7}
    np.testing.assert_array_equal(classes, probabilities.argmax(-1))
    np.testing.assert_array_equal(margins, decision.margins(probabilities))
