"""Two workers on loopback, beside one process with one or two replicas.

Two workers and two replicas of one process compute the same sums. One device
adds up the gradients of all images at once, not of two parts; such sums differ
by a few units in the last place, 6e-8 for weights below 1. So the tolerance of
weights is 1e-6 after ten steps.
"""

import re
import signal

import numpy as np
import pytest
import several_workers
import tensorflow as tf
import worker_runs

from guided_segmentation.errors import InputError
from guided_segmentation.training import workers

NAMES = ["plain", "half"]
LOST = (
    r"error: worker 0 of 2 ends, since another one ended or cannot be reached; "
    r"look at what that one says, then start all of them again"
)


@pytest.fixture(scope="module", name="runner")
def _runner():
    found = several_workers.Runner()
    yield found
    found.close()


@pytest.fixture(scope="module", name="pair")
def _pair(runner, tmp_path_factory):
    """Folder of all trainings by two workers, and how these ended."""
    folder = tmp_path_factory.mktemp("pair")
    return folder, runner.run("multi_worker", folder, NAMES)


def trained(folder, name, worker=0):
    return dict(np.load(folder / f"{name}.{worker}.npz"))


def assert_same(first, second, tolerance=0.0):
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_allclose(
            array, second[name], rtol=0, atol=tolerance, err_msg=name
        )


def test_workers_end_with_the_same_weights_bit_for_bit(pair):
    for name in NAMES:
        assert_same(trained(pair[0], name), trained(pair[0], name, 1))


@pytest.mark.parametrize("name", NAMES)
def test_two_workers_train_as_two_replicas_bit_for_bit(
    name, pair, two_cpus, tmp_path
):
    """With random crops and dropout; of three images one worker has two."""
    worker_runs.run(name, tmp_path, two_cpus)
    assert_same(trained(pair[0], name), trained(tmp_path, name))


def test_two_workers_train_as_one_device(pair, tmp_path):
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    worker_runs.run("plain", tmp_path, one)
    assert_same(trained(pair[0], "plain"), trained(tmp_path, "plain"), 1e-6)


def test_only_the_chief_writes_files_and_shows_progress(pair):
    folder, (chief, other) = pair
    found = sorted(path.name for path in (folder / "plain").iterdir())
    wanted = ["checkpoints", "events", "settings.json", "validation.json"]
    assert found == wanted
    assert len(list((folder / "plain/events").iterdir())) == 1
    assert "training on 2 workers, each on 1 CPU" in chief.text
    assert "10/10" in chief.text
    assert "step 5: val/miou 0.5000" in chief.text
    for shown in ("10/10", "training on", "val/miou"):
        assert shown not in other.text


def test_workers_of_different_settings_end_at_once(pair):
    """The last thing that the pair does; the command may differ."""
    for ended in pair[1]:
        assert ended.code == 2
        assert ended.last_line.startswith(
            "error: wanted the same flags, data, initial weights and versions "
            "on all 2 workers, found differences"
        )


def test_workers_that_died_or_were_stopped_resume_to_the_same(
    pair, runner, tmp_path
):
    dead = runner.run("multi_worker", tmp_path, signals={5: signal.SIGKILL})
    assert dead[1].code == -signal.SIGKILL
    assert re.match(LOST, dead[0].last_line), dead[0].text
    assert dead[0].code == 2
    assert dead[0].seconds - dead[1].seconds < 240  # 30 on an idle machine.
    assert checkpoint(tmp_path) == 1
    stopped = runner.run("multi_worker", tmp_path, signals={1: signal.SIGTERM})
    for ended in stopped:  # The signal came after step 5, one worker had it.
        assert ended.code == 128 + signal.SIGTERM
        assert ended.last_line == (
            "stopped after step 6 of 10; the same command resumes"
        )
    for ended in runner.run("multi_worker", tmp_path):
        assert ended.code == 0, ended.text
    undisturbed = trained(pair[0], "plain")
    for worker in (0, 1):
        assert_same(trained(tmp_path, "plain", worker), undisturbed)


def checkpoint(folder):
    path = tf.train.latest_checkpoint(folder / "plain/checkpoints")
    return int(path.rpartition("-")[2])


def test_one_process_is_one_worker_that_waits_for_nobody(two_cpus):
    assert workers.count(two_cpus) == 1
    assert workers.is_chief(two_cpus)
    assert workers.is_chief(None)
    assert workers.of_chief(two_cpus, lambda: True)
    assert workers.sums(two_cpus, [3]) == [3]
    workers.wait_for_all(None)
    workers.require_same(None, {})
    with workers.chief_first(two_cpus):
        pass
    agreement = workers.StopAgreement(two_cpus)
    assert agreement.signal([]) is None
    assert agreement.signal([15, 2]) == 15


def test_errors_of_one_process_stay_as_they_are(two_cpus):
    error = tf.errors.UnavailableError(None, None, "no such host")
    with (
        pytest.raises(tf.errors.UnavailableError),
        workers.reported(two_cpus),
    ):
        raise error


def test_what_tensorflow_says_of_workers_is_one_line(monkeypatch):
    def fail(resolver):
        assert resolver.task_id == 1
        raise tf.errors.UnknownError(None, None, "Could not start\nserver")

    cluster = workers.clusters.Cluster(("a:1", "b:2"), 1)
    monkeypatch.setattr(workers.rendezvous, "meet", lambda *_: None)
    monkeypatch.setattr(workers, "_configure", lambda *_: None)
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", fail)
    line = r"join a:1, b:2, but TensorFlow found: Could not start; start all"
    with pytest.raises(InputError, match=line):
        workers.make_strategy(cluster)
