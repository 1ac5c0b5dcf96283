import errno
import os
import pathlib
import subprocess
import sys

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
    mine = tmp_path / f".a.npy.{os.getpid()}.tmp"
    foreign = tmp_path / ".a.npy.1.tmp"  # Of init.
    orphan = tmp_path / f".a.npy.0123abcd.{gone.pid}.tmp"
    others = tmp_path / f".b.npy.{gone.pid}.tmp"
    for path in (mine, foreign, orphan, others):
        path.write_text("half")
    artifacts.remove_orphans(tmp_path / "a.npy")
    assert set(tmp_path.iterdir()) == {mine, foreign, others}


@pytest.mark.parametrize("name", ["n" * 246 + ".png", "\u00fc" * 125 + ".png"])
def test_a_name_may_have_as_many_bytes_as_the_file_system_allows(
    tmp_path, name
):
    artifacts.write_bytes(tmp_path / name, b"whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_two_writers_in_one_process_do_not_share_a_temporary_file(tmp_path):
    path = tmp_path / "a.txt"
    with artifacts.replacing(path) as first, artifacts.replacing(path) as last:
        first.write_bytes(b"first")
        last.write_bytes(b"last")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
