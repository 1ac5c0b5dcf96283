import threading
from concurrent import futures

import numpy as np
import pytest

from guided_segmentation.artifacts.recent import Recent


def kilobyte():
    return np.zeros(1024, np.uint8)


def test_an_array_is_made_once():
    recent, made = Recent(4096), []
    for _ in range(3):
        recent.get("a", lambda: made.append(1) or kilobyte())
    assert made == [1]


def test_the_oldest_arrays_go_first():
    recent, made = Recent(2048), []
    for key in "abacab":
        recent.get(key, lambda key=key: made.append(key) or kilobyte())
    # b was older than a when c came.
    assert made == ["a", "b", "c", "b"]


def test_an_array_that_does_not_fit_is_returned_all_the_same():
    recent = Recent(10)
    assert recent.get("a", kilobyte).nbytes == 1024
    assert recent.get("a", lambda: np.ones(3)).sum() == 3


def test_threads_that_need_the_same_array_wait_for_it():
    recent, made, begun = Recent(4096), [], threading.Event()

    def slow():
        begun.set()
        made.append(threading.get_ident())
        threading.Event().wait(0.2)
        return kilobyte()

    with futures.ThreadPoolExecutor(4) as pool:
        first = pool.submit(recent.get, "a", slow)
        begun.wait()
        others = [pool.submit(recent.get, "a", slow) for _ in range(3)]
        assert all(each.result() is first.result() for each in others)
    assert len(made) == 1


def test_an_error_is_raised_and_not_kept():
    recent = Recent(4096)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", kilobyte).nbytes == 1024
