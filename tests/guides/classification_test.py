import dataclasses

import numpy as np
import pytest
from maps import SMALL, TWO_REGIONS, assert_guide, evidence, grid

from guided_segmentation import guides
from guided_segmentation.guides import classification

LOGITS = np.array(
    [
        [3.0, 1.0, 0.0, 0.0, 9.0],  # The whole image.
        [2.5, 2.0, 5.0, 0.0, 9.5],  # The left region: 2 rises, 1 falls.
        [1.0, 0.5, 5.0, 0.0, 0.0],  # The right region: both fall, 2 less.
    ],
    np.float32,
)


def known(saliency=TWO_REGIONS, present=(1, 2), logits=LOGITS):
    """An image whose classifier returns `logits`."""

    def classifier(image, numbers):
        assert numbers.max() + 1 == len(logits)
        return logits

    mask = grid(saliency).astype(bool)
    return evidence(None, mask, present, classifier=classifier)


def named(left, right):
    """Returns TWO_REGIONS with one letter in each region."""
    rows = TWO_REGIONS.split()
    return " ".join(
        row[:6].replace("#", left) + row[6:].replace("#", right) for row in rows
    )


def test_a_region_takes_the_class_whose_logit_rises_most():
    """Class 3 gains more, but is absent from the image labels."""
    assert_guide(guides.g1(known(), SMALL), named("2", "2"))
    assert_guide(guides.g1(known(present=(1, 5)), SMALL), named("5", "1"))


def regions_of_two():
    numbers = grid(TWO_REGIONS).astype(np.int32)
    numbers[:, 6:] *= 2
    return numbers


def test_the_difference_is_after_minus_before():
    each = known()
    found = classification.gains(each.classifier, each.image, regions_of_two())
    np.testing.assert_array_equal(found, LOGITS[1:] - LOGITS[0])


def test_a_region_on_which_no_logit_rises_may_be_ignored():
    chosen = dataclasses.replace(SMALL, no_gain="ignore")
    assert_guide(guides.g1(known(), chosen), named("2", "?"))


def test_an_equal_logit_does_not_rise():
    chosen = dataclasses.replace(SMALL, no_gain="ignore")
    same = np.ones((3, 5), np.float32)
    assert_guide(guides.g1(known(logits=same), chosen), named("?", "?"))
    assert_guide(guides.g1(known(logits=same), SMALL), named("1", "1"))


def test_a_salient_component_that_is_too_small_is_ignored():
    speck = """
        .......##...
        .####..##...
        .####.......
        ............
        ............
        ............
    """
    one = LOGITS[:2]
    wanted = speck.replace("####", "2222").replace("##", "??")
    assert_guide(guides.g1(known(speck, logits=one), SMALL), wanted)
    background = dataclasses.replace(SMALL, in_doubt="background")
    wanted = wanted.replace("?", ".")
    assert_guide(guides.g1(known(speck, logits=one), background), wanted)


def test_an_image_without_saliency_is_background():
    nothing = TWO_REGIONS.replace("#", ".")
    assert_guide(guides.g1(known(nothing, logits=LOGITS[:1]), SMALL), nothing)


def test_the_classifier_sees_the_image_and_its_numbered_regions():
    seen = []

    def classifier(*arguments):
        seen.append(arguments)
        return LOGITS

    each = dataclasses.replace(known(), classifier=classifier)
    guides.g1(each, SMALL)
    ((image, numbers),) = seen
    assert image is each.image
    np.testing.assert_array_equal(numbers, regions_of_two())


def test_the_classifier_is_not_asked_about_an_image_without_objects():
    each = dataclasses.replace(known(present=()), classifier=pytest.fail)
    assert not guides.g1(each, SMALL).any()
