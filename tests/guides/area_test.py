import copy
import json
import re

import pytest

from guided_segmentation import guides


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        ("25px", 25),
        ("025px", 25),
        ("0px", 0),
        ("0", 0),
        ("0.", 0),
        ("0.01", 2),
        (".5", 100),
        ("00.5", 100),
    ],
)
def test_an_area_is_in_pixels_or_a_fraction_of_the_image(text, pixels):
    assert guides.Area(text).in_pixels(200) == pixels


@pytest.mark.parametrize(
    "text", ["25", "1", "1.5", "-1", "-1px", "2.5px", "px", "", "1%", "nan"]
)
def test_what_may_mean_either_or_nothing_is_refused(text):
    message = (
        f"wanted an area in whole pixels such as 25px, or as a fraction of "
        f"the image from 0 to below 1 such as 0.01; found {text!r}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        guides.Area(text)


def test_an_area_is_recorded_as_the_flag_takes_it():
    for text in ("25px", "0.01", "0.123456789"):
        area = guides.Area(text)
        assert json.loads(json.dumps(area)) == text
        assert copy.deepcopy(area) == guides.Area(area) == area
        assert isinstance(copy.deepcopy(area), guides.Area)


def test_two_spellings_of_one_area_are_equal():
    assert guides.Area("025px") == guides.Area("25px")
    assert guides.Area(".010") == guides.Area("0.01")
