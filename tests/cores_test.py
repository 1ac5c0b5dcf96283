import os

from guided_segmentation import cores


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, False)
    assert cores.count() == 2


def test_all_cores_count_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert cores.count() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores.count() == 1
