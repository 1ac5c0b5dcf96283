import itertools
import time

import pytest

from guided_segmentation.benchmarks import clock


def test_parts_take_turns_and_are_measured_separately(monkeypatch):
    ticks = itertools.accumulate([0, 1, 1, 2, 1, 4, 1, 5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    called = []
    parts = {
        "one": lambda: called.append("one"),
        "other": lambda: called.append("other"),
    }
    rates = clock.measure(parts, 20, 2)
    assert called == ["one", "other", "one", "other"]
    assert rates == {"one": [20.0, 5.0], "other": [10.0, 4.0]}


def test_latencies_are_the_percentiles_of_a_call():
    found = clock.latency_ms([1000.0, 500.0, 250.0], 2)  # 2, 4 and 8 ms.
    assert found == pytest.approx({"p50": 4.0, "p99": 7.92})
