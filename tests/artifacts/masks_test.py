"""Masks of other sources are cut at half of their own maximum."""

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts


@pytest.mark.parametrize(
    ("levels", "wanted"),
    [
        ([0, 1], [False, True]),
        ([0, 127, 128, 255], [False, False, True, True]),
        ([0, 49, 50, 100], [False, False, True, True]),
        ([1, 2, 3], [False, True, True]),
        ([0, 0], [False, False]),
        ([False, True], [False, True]),
    ],
)
def test_a_mask_is_cut_at_half_of_its_own_maximum(tmp_path, levels, wanted):
    dtype = bool if isinstance(levels[0], bool) else np.uint8
    Image.fromarray(np.array([levels], dtype)).save(tmp_path / "a.png")
    mask = artifacts.read_mask(tmp_path / "a.png")
    assert mask.dtype == bool
    assert mask.tolist() == [wanted]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "1"])
def test_a_mask_may_have_any_mode(tmp_path, mode):
    mask = Image.fromarray(np.array([[0, 255]], np.uint8))
    mask.convert(mode).save(tmp_path / "a.png")
    assert artifacts.read_mask(tmp_path / "a.png").tolist() == [[False, True]]


def test_a_mask_of_colours_is_refused(tmp_path):
    Image.new("RGB", (2, 2), "red").save(tmp_path / "a.png")
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted a mask \(grey PNG, 0 outside the object\), "
        r"found colours; convert it first",
    ):
        artifacts.read_mask(tmp_path / "a.png")
