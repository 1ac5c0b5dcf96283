import copy

import pytest

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
        "guides: plain has 0.20 times the speed of the baseline relative to "
        "the first"
    ]


@pytest.mark.parametrize("key", ["suites", "measurements"])
def test_what_only_one_side_has_is_left_out(key):
    now = copy.deepcopy(BEFORE)
    if key == "suites":
        now["suites"]["crf"] = {"measurements": {"in_workers": [1.0]}}
    else:
        now["suites"]["guides"]["measurements"]["new"] = [1.0]
    assert baseline.slower(now, BEFORE) == []
