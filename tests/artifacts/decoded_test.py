import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.artifacts import decoded, pictures

RANDOM = np.random.default_rng(0)


@pytest.fixture(name="photographs")
def _photographs(tmp_path):
    """Four JPEGs of 30x40 pixels."""
    paths = [tmp_path / f"{index}.jpg" for index in range(4)]
    for path in paths:
        noise = RANDOM.integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(noise).save(path)
    return paths


ENTRY = 30 * 40 * 3 + 16  # Bytes.


def entries(folder):
    return sorted(pathlib.Path(folder).rglob("*.pixels"))


def read_all(folder, paths, max_bytes=10**6):
    """Reads photographs with a new store; returns what it decoded."""
    with artifacts.use_store(folder, max_bytes) as store:
        found = [artifacts.read_image(path) for path in paths]
    for path, image in zip(paths, found, strict=True):
        np.testing.assert_array_equal(image, pictures.read_image(path))
    return store.num_decoded


def test_a_file_is_decoded_once_by_all_runs(photographs, tmp_path):
    folder = tmp_path / "store"
    assert read_all(folder, photographs) == 4
    assert read_all(folder, photographs) == 0
    assert len(entries(folder)) == 4


def test_within_a_run_a_file_is_decoded_once_without_a_store(
    photographs, tmp_path
):
    paths = [photographs[0], photographs[0]]
    assert read_all(tmp_path / "store", paths, max_bytes=0) == 1
    assert not (tmp_path / "store").exists()


def test_without_a_store_nothing_is_written(photographs, tmp_path):
    artifacts.read_image(photographs[0])
    assert sorted(tmp_path.iterdir()) == photographs


def test_a_label_map_and_an_image_of_one_file_are_two_entries(tmp_path):
    path = tmp_path / "map.png"
    artifacts.write_label_map(path, np.array([[0, 20], [255, 1]], np.uint8))
    for _ in range(2):
        with artifacts.use_store(tmp_path / "store", 10**6) as store:
            label_map = artifacts.read_label_map(path)
            image = artifacts.read_image(path)
        assert label_map.tolist() == [[0, 20], [255, 1]]
        np.testing.assert_array_equal(image, pictures.read_image(path))
    assert store.num_decoded == 0
    assert len(entries(tmp_path / "store")) == 2


def test_a_file_that_changed_is_decoded_again(photographs, tmp_path):
    folder = tmp_path / "store"
    read_all(folder, photographs)
    Image.new("RGB", (40, 30), "red").save(photographs[1])
    assert read_all(folder, photographs) == 1


def test_a_copy_elsewhere_is_not_decoded_again(photographs, tmp_path):
    read_all(tmp_path / "store", photographs)
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(photographs[2].read_bytes())
    assert read_all(tmp_path / "store", [copy]) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:10],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:4] + b"\1" + content[5:],
        lambda content: bytes(len(content)),
    ],
)
def test_a_damaged_entry_is_made_again(photographs, tmp_path, damage):
    folder = tmp_path / "store"
    read_all(folder, photographs)
    entry = entries(folder)[1]
    before = entry.read_bytes()
    entry.write_bytes(damage(before))
    assert read_all(folder, photographs) == 1
    assert entry.read_bytes() == before


def test_entries_take_no_more_than_the_bound(photographs, tmp_path):
    """Those of this run stay: dropping the oldest would drop each in turn."""
    folder = tmp_path / "store"
    bound = int(2.1 * ENTRY)
    with artifacts.use_store(folder, bound) as store:
        for _ in range(3):
            for path in photographs:
                found = store.array(path, "image", pictures.read_image)
                np.testing.assert_array_equal(found, pictures.read_image(path))
    assert len(entries(folder)) == 2
    assert store.num_decoded == 4 + 2 + 2


def test_entries_that_were_not_used_for_longest_give_way(photographs, tmp_path):
    folder = tmp_path / "store"
    read_all(folder, photographs[:2])
    first, second = entries(folder)
    os.utime(first, (1, 1))
    os.utime(second, (2, 2))
    read_all(folder, photographs[3:], max_bytes=int(2.1 * ENTRY))
    assert len(entries(folder)) == 2
    assert not first.exists()
    assert second.exists()


_READER = """
import sys
from guided_segmentation.artifacts import decoded
for _ in range(20):
    with decoded.use_store(sys.argv[1], 10**6):
        for path in sys.argv[2:]:
            assert decoded.read_image(path).shape == (30, 40, 3)
"""


def test_processes_share_a_store(photographs, tmp_path):
    folder = tmp_path / "store"
    command = [sys.executable, "-c", _READER, folder, *photographs]
    readers = [subprocess.Popen(command) for _ in range(2)]
    assert [reader.wait() for reader in readers] == [0, 0]
    assert read_all(folder, photographs) == 0
    assert len(entries(folder)) == 4


_WRITER = """
import pathlib, sys
from guided_segmentation.artifacts import decoded
slow = pathlib.Path.write_bytes
def half(path, content):
    slow(path, content[:len(content) // 2])
    print("half", flush=True)
    sys.stdin.read()
pathlib.Path.write_bytes = half
with decoded.use_store(sys.argv[1], 10**6):
    decoded.read_image(sys.argv[2])
"""


def test_a_killed_writer_leaves_no_entry(photographs, tmp_path):
    folder = tmp_path / "store"
    command = [sys.executable, "-c", _WRITER, folder, photographs[0]]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as writer:
        assert writer.stdout.readline() == b"half\n"
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.suffix for path in left] == [".tmp"]
    assert read_all(folder, photographs) == 4
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(left) == entries(folder)


def test_a_disk_that_cannot_be_written_to_is_no_error(photographs, tmp_path):
    (tmp_path / "store").write_text("no folder")
    assert read_all(tmp_path / "store", photographs) == 4


def test_a_missing_file_is_named(tmp_path):
    with (
        artifacts.use_store(tmp_path / "store", 10**6),
        pytest.raises(FileNotFoundError, match=r"none\.jpg"),
    ):
        artifacts.read_image(tmp_path / "none.jpg")


def test_a_file_that_is_no_image_is_not_stored(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_text("text")
    with (
        artifacts.use_store(tmp_path / "store", 10**6),
        pytest.raises(ValueError, match=r"a\.jpg: wanted an image"),
    ):
        artifacts.read_image(path)
    assert not entries(tmp_path / "store")


def test_only_pixels_are_stored(photographs, tmp_path):
    store = decoded.Store(tmp_path / "store", 10**6)
    with pytest.raises(ValueError, match=r"channels\] uint8, found \(3,\) fl"):
        store.array(photographs[0], "image", lambda _: np.zeros(3))


def test_use_is_noted(photographs, tmp_path):
    read_all(tmp_path / "store", photographs[:1])
    (entry,) = entries(tmp_path / "store")
    os.utime(entry, (1, 1))
    read_all(tmp_path / "store", photographs[:1])
    assert time.time() - entry.stat().st_mtime < 60
