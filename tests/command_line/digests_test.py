"""Digests notice what changed in the data."""

import os

import numpy as np
import pytest
from absl.testing import flagsaver

from guided_segmentation import artifacts
from guided_segmentation.command_line import digests
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
