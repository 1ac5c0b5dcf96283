"""Masks of the salient object as the truth of photographs."""

import numpy as np
import pytest
from PIL import Image

from guided_segmentation.datasets import folder, layouts, object_masks


@pytest.fixture
def photographs(tmp_path):
    for name in ("a", "b"):
        path = tmp_path / "photos" / f"{name}.jpg"
        layouts.write_photograph(path, np.zeros((2, 4, 3), np.uint8))
    return folder.source(tmp_path / "photos", None)


def write_mask(path, levels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.array(levels, np.uint8)).save(path)


def test_masks_become_label_maps_of_zeros_and_ones(photographs, tmp_path):
    write_mask(tmp_path / "a.png", [[0, 40, 49, 50], [100, 0, 0, 0]])
    write_mask(tmp_path / "b.png", np.zeros((2, 4)))
    source = object_masks.with_truth(photographs, tmp_path)
    label_map = source.label_map("a")
    assert label_map.dtype == np.uint8
    assert label_map.tolist() == [[0, 0, 0, 1], [1, 0, 0, 0]]
    assert not source.label_map("b").any()
    assert source.image_ids == photographs.image_ids


def test_every_image_needs_a_mask(photographs, tmp_path):
    write_mask(tmp_path / "a.png", np.zeros((2, 4)))
    with pytest.raises(
        FileNotFoundError,
        match=r"wanted a mask <image_id>\.png of each of 2 images, found none "
        r"of 1, the first is 'b'; add them, or name another folder",
    ):
        object_masks.with_truth(photographs, tmp_path)


def test_a_mask_has_the_size_of_its_photograph(photographs, tmp_path):
    for name in "ab":
        write_mask(tmp_path / f"{name}.png", np.zeros((4, 2)))
    source = object_masks.with_truth(photographs, tmp_path)
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted the height and width of image 'a', \(2, 4\), "
        r"found \(4, 2\)",
    ):
        source.label_map("a")
