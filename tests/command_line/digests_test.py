"""Digests notice what changed in the data."""

import os

import numpy as np
import pytest
from absl.testing import flagsaver
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.command_line import data_flags, digests
from guided_segmentation.datasets import folder, msra, synthetic

IMAGE = np.zeros((8, 8, 3), np.uint8)


def write_bmp_like(path, grey):
    """A PNG of a size that does not depend on its content."""
    content = artifacts.encode_image(IMAGE + np.uint8(grey))
    artifacts.write_bytes(path, content.ljust(200, b"\0"))
    os.utime(path, ns=(grey, grey))


@pytest.fixture
def photos(tmp_path):
    for name in ("a", "b"):
        write_bmp_like(tmp_path / f"{name}.png", 90)
    return tmp_path


def test_an_edited_photograph_of_the_same_size_is_noticed(photos):
    source = folder.source(photos, None)
    with flagsaver.as_parsed(dataset="folder", data_dir=str(photos)):
        before = digests.photographs(source)
        write_bmp_like(photos / "b.png", 200)
        after = digests.photographs(source)
    assert before["a"] == after["a"]
    assert before["b"] != after["b"]
    assert folder.source(photos, None).digest != source.digest


def test_photographs_of_msra_are_digested_one_by_one(tmp_path):
    write_bmp_like(tmp_path / "Image" / "0" / "a.png", 90)
    text = b"1\n0\\a.png\n8 8\n0 0 4 4;\n"
    artifacts.write_bytes(tmp_path / "UserData" / "0.txt", text)
    with flagsaver.as_parsed(dataset="msra", data_dir=str(tmp_path)):
        before = digests.photographs(msra.source(tmp_path))
        write_bmp_like(tmp_path / "Image" / "0" / "a.png", 200)
        assert digests.photographs(msra.source(tmp_path)) != before


def test_drawn_scenes_have_the_digest_of_their_source():
    source = synthetic.source("train", num_images=2)
    found = digests.photographs(source)
    assert found == dict.fromkeys(source.image_ids, source.digest)


@pytest.fixture
def photographs_with_masks(tmp_path, capsys):
    """Opens two photographs, one of them in a folder, with masks."""
    for name in ("x/a", "b"):
        for kind in ("photos", "masks"):
            path = tmp_path / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 3), 1).save(path)
    given = {
        "dataset": "folder",
        "data_dir": f"{tmp_path}/photos",
        "truth_dir": f"{tmp_path}/masks",
    }
    with flagsaver.as_parsed(**given):
        yield data_flags.source()


@pytest.mark.parametrize("digest", ["truth", "image_labels"])
def test_masks_are_digested_by_their_content(
    photographs_with_masks, tmp_path, digest
):
    before = getattr(digests, digest)(photographs_with_masks)
    Image.new("L", (4, 3), 2).save(tmp_path / "masks/x/a.png")
    after = getattr(digests, digest)(photographs_with_masks)
    assert after["b"] == before["b"]
    assert after["x/a"] != before["x/a"]
