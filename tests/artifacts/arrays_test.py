import io

import numpy as np
import pytest

from guided_segmentation import artifacts


def test_score_maps_are_stored_as_float16(tmp_path):
    score_maps = np.linspace(-3, 900, 60).reshape(4, 5, 3)
    artifacts.write_score_maps(
        tmp_path / "a.npz", score_maps, np.array([2, 7, 20])
    )
    read, classes = artifacts.read_score_maps(tmp_path / "a.npz")
    assert (read.dtype, classes.dtype) == (np.float16, np.uint8)
    np.testing.assert_array_equal(read, score_maps.astype(np.float16))
    np.testing.assert_array_equal(classes, [2, 7, 20])


def test_areas_are_read_as_written(tmp_path):
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
def test_damaged_areas_are_refused(tmp_path, content):
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
def test_damaged_score_maps_are_refused_with_a_remedy(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(
        ValueError,
        match=r"a\.npz: wanted score maps \(npz\), found .*; delete it and run "
        r"bin/make_seeds again",
    ):
        artifacts.read_score_maps(tmp_path / "a.npz")


def probabilities(height=5, width=4):
    values = np.random.default_rng(0).random((height, width, 3))
    return values / values.sum(-1, keepdims=True)


def test_probabilities_come_back_as_half_precision(tmp_path):
    path = tmp_path / "a" / "b.npz"
    wanted = probabilities().astype(np.float32)
    classes = ["background", "owl", "kot ąę"]
    with artifacts.probabilities_writer(path, wanted.shape, classes) as write:
        write(wanted[:2])
        write(wanted[2:])
        assert not path.exists()
    found, names = artifacts.read_probabilities(path)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, wanted.astype(np.float16))
    assert names == classes
    with np.load(path) as arrays:  # NumPy alone reads it too.
        assert set(arrays) == {"probabilities", "classes"}


def test_probabilities_of_too_few_rows_are_not_written(tmp_path):
    path = tmp_path / "b.npz"
    with (
        pytest.raises(
            ValueError, match=r"b\.npz: wanted 5 rows of probabilities, got 2$"
        ),
        artifacts.probabilities_writer(path, (5, 4, 3), "abc") as write,
    ):
        write(probabilities()[:2])
    assert list(tmp_path.iterdir()) == []


def test_damaged_probabilities_are_told(tmp_path):
    path = tmp_path / "b.npz"
    path.write_text("none")
    with pytest.raises(
        ValueError,
        match=r"b\.npz: wanted probabilities \(npz\), .* delete it and run "
        r"bin/segment_images again$",
    ):
        artifacts.read_probabilities(path)
