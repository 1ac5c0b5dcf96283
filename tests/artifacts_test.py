import errno
import io
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from guided_segmentation import artifacts, labels, provenance

MAP_SHAPE = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
READERS = [
    artifacts.read_image,
    artifacts.read_size,
    artifacts.read_label_map,
    artifacts.read_saliency_map,
    artifacts.read_score_maps,
    artifacts.read_json,
    artifacts.read_text,
]


def save(path, array, mode=None):
    image = Image.fromarray(np.asarray(array))
    image = image.convert(mode, palette=Image.Palette.ADAPTIVE)
    image.save(path)
    return path


def encoded(file_format):
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, file_format)
    return buffer.getvalue()


JPEG, PNG = encoded("JPEG"), encoded("PNG")


@pytest.fixture
def red():
    return np.full((6, 8, 3), (250, 10, 20), np.uint8)


# Photographs.


def test_an_rgb_photograph_is_read_as_it_is(tmp_path):
    rgb = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    image = artifacts.read_image(save(tmp_path / "a.png", rgb))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, rgb)


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("RGB", "jpg"), ("CMYK", "jpg"), ("RGBA", "png"), ("P", "png")],
)
def test_photographs_of_other_modes_keep_their_colour(
    tmp_path, red, mode, ending
):
    path = save(tmp_path / f"a.{ending}", red, mode)
    image = artifacts.read_image(path)
    assert image.shape == (6, 8, 3)
    np.testing.assert_allclose(image.astype(int), red, atol=30)


def test_a_greyscale_photograph_gets_three_equal_channels(tmp_path):
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    image = artifacts.read_image(save(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(image, np.dstack([grey] * 3))


def test_a_16_bit_photograph_keeps_its_grey_levels(tmp_path):
    grey = np.array([[0, 256, 0x7FFF, 0xFFFF]], np.uint16)
    image = artifacts.read_image(save(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(image[..., 0], [[0, 1, 127, 255]])


def test_an_alpha_channel_is_dropped(tmp_path, red):
    alpha = np.zeros((6, 8, 1), np.uint8)
    path = save(tmp_path / "a.png", np.dstack([red, alpha]))
    np.testing.assert_array_equal(artifacts.read_image(path), red)


def test_the_size_is_read_without_the_pixels(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:-200])
    assert artifacts.read_size(path) == (24, 32)
    with pytest.raises(ValueError, match="truncated"):
        artifacts.read_image(path)


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"no file .*/absent"):
        read(tmp_path / "absent")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        artifacts.read_image(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"a\.jpg: wanted an image, found a file that is none"
    ):
        artifacts.read_image(path)


def test_a_truncated_photograph_is_named(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:-200])
    with pytest.raises(
        ValueError, match=r"a\.jpg: unreadable image \(.*truncated.*replace"
    ):
        artifacts.read_image(path)


def test_a_photograph_too_large_for_memory_is_named(tmp_path, red, monkeypatch):
    path = save(tmp_path / "a.png", red)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match=r"a\.png: unreadable image .*limit"):
        artifacts.read_image(path)


@settings(deadline=None)
@given(st.sampled_from([JPEG, PNG]), st.data())
def test_damage_anywhere_gives_an_image_or_a_message_with_the_file(
    content, data
):
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(position + 1, len(content)))
    damaged = content[:position] + bytes([byte]) + content[position + 1 : cut]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "photograph")
        path.write_bytes(damaged)
        try:
            assert artifacts.read_image(path).shape[-1] == 3
        except ValueError as error:
            assert str(path) in str(error)


# Label maps.


@given(hnp.arrays(np.uint8, MAP_SHAPE))
def test_a_label_map_survives_encoding(label_map):
    content = artifacts.encode_label_map(label_map)
    decoded = artifacts.decode_label_map(content)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, label_map)


def test_a_written_label_map_shows_vocs_colours(tmp_path):
    label_map = np.array([[0, 1, 15, 255]], np.uint8)
    artifacts.write_label_map(tmp_path / "a.png", label_map)
    np.testing.assert_array_equal(
        artifacts.read_label_map(tmp_path / "a.png"), label_map
    )
    np.testing.assert_array_equal(
        artifacts.read_image(tmp_path / "a.png"), labels.palette()[label_map]
    )


def test_a_label_map_without_palette_is_read_alike(tmp_path):
    label_map = np.array([[0, 20], [255, 3]], np.uint8)
    path = save(tmp_path / "a.png", label_map)
    np.testing.assert_array_equal(artifacts.read_label_map(path), label_map)


def test_a_label_map_of_another_palette_keeps_its_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        artifacts.read_label_map(tmp_path / "a.png"), [[0, 1], [2, 1]]
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_label_map_in_colours_is_refused(tmp_path, red, mode):
    path = save(tmp_path / "2007_000032.png", red, mode)
    with pytest.raises(
        ValueError,
        match=rf"2007_000032\.png: wanted a label map \(palette or 8-bit index "
        rf"PNG\), found mode {mode}; convert it first",
    ):
        artifacts.read_label_map(path)


def test_a_truncated_label_map_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 20, (50, 50), np.uint8)
    content = artifacts.encode_label_map(noise)
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"a\.png: unreadable image"):
        artifacts.read_label_map(tmp_path / "a.png")


# Saliency maps and score maps.


def test_a_saliency_map_survives_to_half_a_level(tmp_path):
    saliency_map = np.linspace(0, 1, 1000).reshape(20, 50)
    artifacts.write_saliency_map(tmp_path / "a.png", saliency_map)
    read = artifacts.read_saliency_map(tmp_path / "a.png")
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, saliency_map, atol=0.5 / 255 + 1e-7)


def test_a_saliency_map_is_clipped_to_its_range(tmp_path):
    artifacts.write_saliency_map(tmp_path / "a.png", np.array([[-1.0, 7.0]]))
    read = artifacts.read_saliency_map(tmp_path / "a.png")
    np.testing.assert_array_equal(read, [[0, 1]])


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_saliency_map_that_is_not_grey_is_refused(tmp_path, red, mode):
    path = save(tmp_path / "a.png", red, mode)
    with pytest.raises(
        ValueError,
        match=rf"a\.png: wanted a saliency map \(8-bit grey PNG\), found mode "
        rf"{mode}",
    ):
        artifacts.read_saliency_map(path)


def test_score_maps_survive_as_half_floats(tmp_path):
    score_maps = np.linspace(-3, 900, 60).reshape(4, 5, 3)
    artifacts.write_score_maps(
        tmp_path / "a.npz", score_maps, np.array([2, 7, 20])
    )
    read, classes = artifacts.read_score_maps(tmp_path / "a.npz")
    assert (read.dtype, classes.dtype) == (np.float16, np.uint8)
    np.testing.assert_array_equal(read, score_maps.astype(np.float16))
    np.testing.assert_array_equal(classes, [2, 7, 20])


def test_areas_survive(tmp_path):
    wanted = {
        name: np.arange(6).reshape(2, 3) + 10**12 * index
        for index, name in enumerate(artifacts.AREAS)
    }
    artifacts.write_areas(tmp_path / "a.npz", ("x", "2007_000032"), wanted)
    image_ids, areas = artifacts.read_areas(tmp_path / "a.npz")
    assert image_ids == ["x", "2007_000032"]
    assert areas.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(areas[name], wanted[name])
        assert areas[name].dtype == np.int64


@pytest.mark.parametrize("content", [b"", b"no npz", b"PK"])
def test_damaged_areas_are_told(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(
        ValueError,
        match=r"a\.npz: wanted areas of images \(npz\), found .*; delete it "
        r"and evaluate again",
    ):
        artifacts.read_areas(tmp_path / "a.npz")


def damaged_score_maps():
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).random((20, 20))
    np.savez_compressed(buffer, score_maps=noise, classes=[1])
    whole = buffer.getvalue()
    other = io.BytesIO()
    np.savez(other, something_else=noise)
    flipped = bytearray(whole)
    flipped[200:300] = bytes(100)
    return {
        "empty": b"",
        "text": b"hello",
        "cut": whole[:-50],
        "flipped": bytes(flipped),
        "of_other_arrays": other.getvalue(),
    }


@pytest.mark.parametrize(
    "content", damaged_score_maps().values(), ids=damaged_score_maps()
)
def test_damaged_score_maps_are_named_with_their_cure(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(
        ValueError,
        match=r"a\.npz: wanted score maps \(npz\), found .*; delete it and run "
        r"bin/make_seeds again",
    ):
        artifacts.read_score_maps(tmp_path / "a.npz")


# Text and JSON.


def test_json_survives(tmp_path):
    content = {"miou": 0.5, "iou": {"cat": None}, "names": ["a", "ü"]}
    artifacts.write_json(tmp_path / "a.json", content)
    assert artifacts.read_json(tmp_path / "a.json") == content
    assert (tmp_path / "a.json").read_text().endswith("\n")


@pytest.mark.parametrize("content", [b"", b'{"miou": 0.'])
def test_half_a_json_file_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json: wanted JSON, found"):
        artifacts.read_json(tmp_path / "a.json")


def test_text_loses_its_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffgr\u00fcn\r\n".encode())
    assert artifacts.read_text(tmp_path / "a.txt") == "gr\u00fcn\n"


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(JPEG)
    with pytest.raises(ValueError, match=r"a\.txt: wanted UTF-8 text, found"):
        artifacts.read_text(tmp_path / "a.txt")


# Writes that are whole or not at all.


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
def test_a_full_disk_leaves_the_old_file_whole_and_nothing_else(
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


def test_the_temporary_file_is_not_taken_for_an_artifact(tmp_path):
    with artifacts.replacing(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"")
        assert list(tmp_path.glob("*.png")) == []


def test_a_setting_more_or_less_is_refused_too(tmp_path):
    provenance.record_or_check(tmp_path, {"guide": "g2"})
    with pytest.raises(
        ValueError, match="begun with width = None, now it is 1"
    ):
        provenance.record_or_check(tmp_path, {"guide": "g2", "width": 1})
    with pytest.raises(
        ValueError, match="begun with guide = 'g2', now it is None"
    ):
        provenance.record_or_check(tmp_path, {})


def test_the_same_settings_may_claim_a_folder_again(tmp_path):
    recorded = {"network": {"width": 0.1, "blocks": (1, 2)}}
    provenance.record_or_check(tmp_path, recorded)
    provenance.record_or_check(tmp_path, recorded)


def test_other_versions_may_go_on_with_a_run(tmp_path):
    provenance.record_or_check(tmp_path, {"versions": {"keras": "2.15.0"}})
    provenance.record_or_check(
        tmp_path, {"versions": {"keras": "3.6.0", "numpy": "2.0"}}
    )
    content = artifacts.read_json(tmp_path / "settings.json")
    assert content["versions"]["keras"] == "3.6.0"


def test_another_command_may_go_on_with_a_run(tmp_path):
    provenance.record_or_check(
        tmp_path, {"command": "train --data_dir=a", "width": 1}
    )
    provenance.record_or_check(
        tmp_path, {"command": "train --data_dir=b", "width": 1}
    )
    content = artifacts.read_json(tmp_path / "settings.json")
    assert content["command"] == "train --data_dir=b"


def test_settings_under_which_nothing_was_made_are_replaced(tmp_path):
    provenance.record_or_check(tmp_path, {"width": 1})
    provenance.record_or_check(tmp_path, {"width": 2}, is_begun=False)
    assert artifacts.read_json(tmp_path / "settings.json") == {"width": 2}


def test_a_folder_of_maps_is_of_one_kind(tmp_path):
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.2})
    provenance.record_or_check_maps(
        tmp_path, {"threshold": 0.3}
    )  # Nothing is there yet.
    artifacts.write_label_map(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.3})
    with pytest.raises(
        ValueError, match=r"begun with threshold = 0\.3, now it is 0\.4"
    ):
        provenance.record_or_check_maps(tmp_path, {"threshold": 0.4})


def test_maps_from_elsewhere_are_of_any_kind(tmp_path):
    artifacts.write_label_map(tmp_path / "a.png", np.zeros((2, 2), np.uint8))
    provenance.record_or_check_maps(tmp_path, {"threshold": 0.2})
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_orphans_are_what_processes_that_are_no_more_left(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    mine = tmp_path / f".a.npy.{os.getpid()}.tmp"
    foreign = tmp_path / ".a.npy.1.tmp"  # Of init.
    orphan = tmp_path / f".a.npy.{gone.pid}.tmp"
    others = tmp_path / f".b.npy.{gone.pid}.tmp"
    for path in (mine, foreign, orphan, others):
        path.write_text("half")
    artifacts.remove_orphans(tmp_path / "a.npy")
    assert set(tmp_path.iterdir()) == {mine, foreign, others}
