import pytest

from guided_segmentation.report import numbers


def test_fractions_are_printed_in_percent_with_one_decimal():
    assert numbers.percent(0.12345) == "12.3"
    assert numbers.percent(0.12345, sign="+") == "+12.3"
    assert numbers.percent(None) == numbers.DASH == "\N{EN DASH}"


def test_intervals_are_printed_in_brackets():
    assert numbers.interval([0.1, 0.255]) == "[10.0, 25.5]"
    assert numbers.interval([-0.1, 0.255], sign="+") == "[-10.0, +25.5]"
    assert numbers.interval(None) == ""


def test_a_percentage_without_interval_has_no_trailing_space():
    assert numbers.percent_with_interval(0.5, [0.4, 0.6]) == "50.0 [40.0, 60.0]"
    assert numbers.percent_with_interval(0.5, None) == "50.0"


def test_precision_and_recall_are_whole_percentages():
    scores = {"precision": 0.734, "recall": None}
    assert numbers.precision_and_recall(scores) == "73/\N{EN DASH}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_use_two_units_at_most(seconds, text):
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "wanted"),
    [
        (0, "10 s"),
        (14, "10 s"),
        (59, "60 s"),
        (60, "1 min"),
        (3569, "59 min"),
        (3571, "1 h 00 min"),
        (5000, "1 h 23 min"),
    ],
)
def test_estimates_are_rounded(seconds, wanted):
    assert numbers.rounded(seconds) == wanted
