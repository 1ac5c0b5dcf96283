"""CRFs in worker processes give what they give in this process."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time
from concurrent import futures

import numpy as np
import pytest

from guided_segmentation import crf
from guided_segmentation.crf import dense, workers


def problem(seed, num_classes=3, dtype=np.float32):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (12, 17, 3), np.uint8)
    return image, rng.random((12, 17, num_classes)).astype(dtype)


def test_workers_give_the_same_bits_from_several_threads():
    problems = [problem(k, 2 + k % 4) for k in range(12)]
    wanted = [dense.infer(*each) for each in problems]
    with workers.use_workers(2), futures.ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda each: crf.infer(*each), problems))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masks_settings_types_and_origins_reach_the_worker(dtype):
    image, energy = problem(1, dtype=dtype)
    mask = image[..., 0] > 90
    with workers.use_workers(1):
        found = crf.infer(image, energy, crf.MILD, mask, (3, 5))
    np.testing.assert_array_equal(
        found, dense.infer(image, energy, crf.MILD, mask, (3, 5))
    )
    assert not found[~mask].any() and found[mask].any()


def test_postprocessing_uses_the_workers(monkeypatch):
    image, energy = problem(2)
    wanted = crf.postprocess(image, energy)
    monkeypatch.setattr(dense, "infer", None)  # Of this process alone.
    with workers.use_workers(1):
        np.testing.assert_array_equal(crf.postprocess(image, energy), wanted)


def test_no_worker_is_this_process(monkeypatch):
    monkeypatch.setattr(dense, "infer", lambda *given: len(given))
    with workers.use_workers(0):
        assert crf.infer(*problem(0)) == 5
    assert crf.infer(*problem(0)) == 5


def test_bad_input_is_refused_as_without_workers():
    image, energy = problem(3)
    energy[0, 0, 0] = np.nan
    with workers.use_workers(1), pytest.raises(ValueError) as raised:
        crf.infer(image, energy)
    assert str(raised.value).startswith("energies must be finite, got 1 that")


def die_at(value, times, marks):
    """The task of a worker, which kills it at an image that starts so."""
    real = workers._infer_shared

    def run(name, layout, *rest):
        block = workers.shared_memory.SharedMemory(name)
        first = block.buf[0]
        block.close()
        if first == value and len(os.listdir(marks)) < times:
            open(f"{marks}/{time.time_ns()}", "w").close()
            os._exit(9)
        real(name, layout, *rest)

    return run


def starting_with(value, seed):
    image, energy = problem(seed)
    image[0, 0, 0] = value
    return image, energy


def test_a_dead_worker_is_replaced_and_its_image_tried_once_more(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(workers, "_infer_shared", die_at(7, 1, str(tmp_path)))
    problems = [starting_with(value, value) for value in (1, 7, 2, 3)]
    with workers.use_workers(2), futures.ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda each: crf.infer(*each), problems))
    assert len(list(tmp_path.iterdir())) == 1
    for one, each in zip(found, problems, strict=True):
        np.testing.assert_array_equal(one, dense.infer(*each))


def test_an_image_that_kills_twice_is_told_from_the_others(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(workers, "_infer_shared", die_at(7, 99, str(tmp_path)))
    with workers.use_workers(2), futures.ThreadPoolExecutor(4) as threads:
        killer = threads.submit(crf.infer, *starting_with(7, 0))
        others = [
            threads.submit(crf.infer, *starting_with(1, k)) for k in (1, 2)
        ]
        for k, other in enumerate(others, start=1):
            np.testing.assert_array_equal(
                other.result(), dense.infer(*starting_with(1, k))
            )
        with pytest.raises(ChildProcessError) as raised:
            killer.result()
    assert str(raised.value) == (
        "a process died twice during this dense CRF, perhaps for lack of "
        "memory; give it more, or resize the photograph"
    )
    assert len(list(tmp_path.iterdir())) == 2


ORPHANS = """
    import multiprocessing, os, sys, time
    import numpy as np
    from guided_segmentation.crf import workers

    with workers.use_workers(2):
        workers.infer(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9, 2)))
        pool = workers._pool._executor._processes
        print(*pool, flush=True)
        time.sleep(600)
"""


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(
    not pathlib.Path("/proc/self/stat").exists(), reason="needs /proc"
)
def test_no_worker_and_no_memory_outlives_a_kill():
    before = set(os.listdir("/dev/shm"))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ORPHANS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    pids = process.stdout.readline().split()
    assert pids and all(is_alive(pid) for pid in pids)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    end = time.monotonic() + 30
    while any(is_alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [pid for pid in pids if is_alive(pid)]
    assert set(os.listdir("/dev/shm")) <= before


def test_there_is_a_worker_for_each_core_but_not_for_one(monkeypatch):
    for cores, wanted in (({0}, 0), ({0, 3}, 2), (set(range(16)), 16)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, c=cores: c)
        assert workers.default_num_workers() == wanted
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert workers.default_num_workers() == 5


def test_items_stay_in_order_and_few_are_taken_ahead():
    taken = []

    def items():
        for k in range(20):
            taken.append(k)
            yield k

    def slow_first(k):
        time.sleep(0.2 if k % 4 == 0 else 0)
        return k * k

    with workers.use_workers(2):
        found = workers.map_in_order(slow_first, items())
        assert next(found) == 0
        assert len(taken) <= 6
        assert list(found) == [k * k for k in range(1, 20)]


def test_nothing_runs_beside_an_item_that_runs_alone():
    running, beside = [], {}

    def run(k):
        running.append(k)
        time.sleep(0.05)
        beside[k] = len(running)
        running.remove(k)
        return k

    with workers.use_workers(2):
        found = workers.map_in_order(run, range(9), alone=lambda k: k % 4 == 2)
        assert list(found) == list(range(9))
    assert beside[2] == beside[6] == 1
    assert max(beside.values()) > 1


def test_items_are_taken_one_by_one_without_workers():
    taken = iter(range(3))
    found = workers.map_in_order(lambda k: -k, taken)
    assert (next(found), next(taken), next(found)) == (0, 1, -2)


def test_contexts_nest():
    with workers.use_workers(2):
        with workers.use_workers(0):
            assert workers.num_workers() == 0
        assert workers.num_workers() == 2
    assert workers.num_workers() == 0
