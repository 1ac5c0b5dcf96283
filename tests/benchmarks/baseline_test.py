import copy
import pathlib

import pytest

from guided_segmentation import artifacts
from guided_segmentation.benchmarks import baseline


def results(**measurements):
    return {
        "machine": {"cpu": "Abacus", "cores": 2},
        "settings": {"repeats": 3},
        "data": {"images": 7},
        "suites": {"guides": {"measurements": measurements}},
    }


BEFORE = results(g2=[90.0, 100.0, 110.0], plain=[45.0, 50.0, 55.0])


def test_the_same_results_are_not_slower():
    assert baseline.slower(BEFORE, BEFORE) == []


def test_noise_is_not_slower():
    noisy = results(g2=[80.0, 95.0, 118.0], plain=[40.0, 50.0, 60.0])
    assert baseline.slower(noisy, BEFORE) == []


def test_half_the_speed_is_slower_and_twice_is_not():
    now = results(g2=[45.0, 50.0, 55.0], plain=[90.0, 100.0, 110.0])
    # Between 50 / 90 and 55 / 90, the largest of the nine pairs.
    assert baseline.slower(now, BEFORE) == [
        "guides: g2 has 0.57 times the speed of the baseline"
    ]


def test_on_another_machine_only_factors_count():
    now = results(g2=[45.0, 50.0, 55.0], plain=[22.5, 25.0, 27.5])
    now["machine"]["cpu"] = "Slide rule"
    assert baseline.slower(now, BEFORE) == []
    now["suites"]["guides"]["measurements"]["plain"] = [4.5, 5.0, 5.5]
    assert baseline.slower(now, BEFORE) == [
        "guides: plain has 0.20 times the speed of the baseline relative to g2"
    ]


def test_elsewhere_a_part_is_compared_with_its_reference():
    now = results(g2=[9.0, 10.0, 11.0], plain=[22.5, 25.0, 27.5])
    now["machine"]["cpu"] = "Slide rule"
    before = copy.deepcopy(BEFORE)
    for each in (now, before):
        each["suites"]["guides"]["references"] = {"g2": "plain"}
    assert baseline.slower(before, before) == []
    assert baseline.slower(now, before) == [
        "guides: g2 has 0.20 times the speed of the baseline relative to plain"
    ]


def test_the_committed_baseline_can_be_compared_anywhere():
    before = artifacts.read_json(
        pathlib.Path(__file__).parent / "baseline.json"
    )
    now = copy.deepcopy(before)
    assert baseline.slower(now, before) == []
    now["machine"]["cpu"] = "Slide rule"
    assert baseline.slower(now, before) == []
    rates = now["suites"]["guides"]["measurements"]
    rates["g2_without_crf"] = [x / 9 for x in rates["g2_without_crf"]]
    assert baseline.slower(now, before)[0].startswith("guides: g2_without_crf")


@pytest.mark.parametrize("key", ["suites", "measurements"])
def test_what_only_one_side_has_is_left_out(key):
    now = copy.deepcopy(BEFORE)
    if key == "suites":
        now["suites"]["crf"] = {"measurements": {"in_workers": [1.0]}}
    else:
        now["suites"]["guides"]["measurements"]["new"] = [1.0]
    assert baseline.slower(now, BEFORE) == []
