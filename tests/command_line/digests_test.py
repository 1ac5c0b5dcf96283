"""Digests of photographs and masks in folders."""

import pytest
from absl.testing import flagsaver
from PIL import Image

from guided_segmentation.command_line import data_flags, digests


@pytest.fixture
def source(tmp_path, capsys):
    """Opens two photographs, one of them in a folder, with masks."""
    for name in ("x/a", "b"):
        for folder in ("photos", "masks"):
            path = tmp_path / folder / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 3), 1).save(path)
    given = {
        "dataset": "folder",
        "data_dir": f"{tmp_path}/photos",
        "truth_dir": f"{tmp_path}/masks",
    }
    with flagsaver.as_parsed(**given):
        yield data_flags.source()


def test_photographs_are_digested_by_their_sizes(source, tmp_path):
    before = digests.photographs(source)
    assert list(before) == ["b", "x/a"]
    (tmp_path / "photos/x/a.png").write_bytes(b"longer or shorter")
    after = digests.photographs(source)
    assert after["b"] == before["b"]
    assert after["x/a"] != before["x/a"]


@pytest.mark.parametrize("digest", ["truth", "image_labels"])
def test_masks_are_digested_by_their_content(source, tmp_path, digest):
    before = getattr(digests, digest)(source)
    Image.new("L", (4, 3), 2).save(tmp_path / "masks/x/a.png")
    after = getattr(digests, digest)(source)
    assert after["b"] == before["b"]
    assert after["x/a"] != before["x/a"]
