import errno
import os
import pathlib
import subprocess
import sys
import threading
from concurrent import futures

import numpy as np
import pytest

from guided_segmentation import artifacts

MAP = np.array([[0, 1], [2, 255]], np.uint8)
WRITERS = {
    "label_map": lambda path: artifacts.write_label_map(path, MAP),
    "saliency_map": lambda path: artifacts.write_saliency_map(path, MAP / 255),
    "image": lambda path: artifacts.write_image(path, np.dstack([MAP] * 3)),
    "json": lambda path: artifacts.write_json(path, {"a": 1}),
    "score_maps": lambda path: artifacts.write_score_maps(
        path, MAP[..., None], np.array([1])
    ),
}


@pytest.fixture
def full_disk(monkeypatch):
    """Writes half of the bytes, then fails as a full disk does."""
    write_bytes = pathlib.Path.write_bytes

    def write_half(path, content):
        write_bytes(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(pathlib.Path, "write_bytes", write_half)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_leaves_the_old_file_complete_and_nothing_else(
    tmp_path, write, request
):
    path = tmp_path / "artifact"
    write(path)
    old = path.read_bytes()
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left on device"):
        write(path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk_leaves_no_new_file(tmp_path, write, full_disk):
    with pytest.raises(OSError, match="No space left on device"):
        write(tmp_path / "artifact")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_writing_makes_folders_and_leaves_one_file(tmp_path, write):
    write(tmp_path / "new" / "folder" / "artifact")
    (written,) = (tmp_path / "new" / "folder").iterdir()
    assert written.name == "artifact"


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_the_same_content_gives_the_same_bytes(tmp_path, write):
    write(tmp_path / "a")
    write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    artifacts.write_bytes(path, b"old")
    with (
        pytest.raises(KeyboardInterrupt),
        artifacts.replacing(path) as temporary,
    ):
        temporary.write_bytes(b"new, but ha")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_does_not_match_the_pattern_of_artifacts(tmp_path):
    with artifacts.replacing(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"")
        assert list(tmp_path.glob("*.png")) == []


def test_orphans_of_processes_that_no_longer_run_are_removed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    mine = tmp_path / f".a.npy.{os.getpid()}.00ff.tmp"
    foreign = tmp_path / ".a.npy.1.00ff.tmp"  # Of init.
    orphan = tmp_path / f".a.npy.{gone.pid}.00ff.tmp"
    earlier = tmp_path / f".a.npy.{gone.pid}.tmp"  # Of an earlier version.
    others = tmp_path / f".b.npy.{gone.pid}.00ff.tmp"
    someones = tmp_path / ".a.npy.draft.tmp"
    for path in (mine, foreign, orphan, earlier, others, someones):
        path.write_text("half")
    artifacts.remove_orphans(tmp_path / "a.npy")
    assert set(tmp_path.iterdir()) == {mine, foreign, others, someones}


def test_a_folder_removes_what_killed_processes_left(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (tmp_path / f".data.{gone.pid}.00ff.tmp" / "half").mkdir(parents=True)
    with artifacts.replacing_folder(tmp_path / "data") as temporary:
        (temporary / "a").write_text("whole")
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "a"]


def test_threads_that_write_the_same_file_lose_no_write(tmp_path):
    def write(number):
        artifacts.write_bytes(tmp_path / "a", b"%d" % number)

    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(400)))  # On failure an error is raised.
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_each_of_two_threads_writes_its_own_temporary_file(tmp_path):
    barrier = threading.Barrier(2)

    def write(content):
        with artifacts.replacing(tmp_path / "a") as temporary:
            temporary.write_text(content)
            barrier.wait()
            assert temporary.read_text() == content
            barrier.wait()

    with futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["one", "two"]))


def test_each_of_two_threads_writes_its_own_temporary_folder(tmp_path):
    with (
        artifacts.replacing_folder(tmp_path / "data") as one,
        artifacts.replacing_folder(tmp_path / "data") as two,
    ):
        assert one != two and one.is_dir() and two.is_dir()


@pytest.mark.parametrize("name", [251 * "a" + ".png", "a[1]*?.png"])
def test_names_that_are_long_or_have_wildcards_are_written(tmp_path, name):
    artifacts.write_bytes(tmp_path / name, b"content")
    artifacts.remove_orphans(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
