import sys

import numpy as np
import official_archives as official
import pytest

from guided_segmentation.datasets.preparation import sbd


def test_a_mask_is_read_from_a_matlab_file():
    found = sbd.parse_mask(official.sbd_mask(), "a.mat")
    wanted = np.zeros(official.SIZE, np.uint8)
    wanted[2:5, 1:4] = official.SBD_CLASS
    np.testing.assert_array_equal(found, wanted, strict=True)


def test_another_file_is_no_mask():
    with pytest.raises(ValueError, match=r"a\.mat: wanted a MATLAB file with"):
        sbd.parse_mask(b"no mask", "a.mat")


def test_a_mask_of_another_type_is_refused():
    content = official.sbd_mask(dtype=np.float64)
    with pytest.raises(ValueError, match=r"uint8, found \[6, 8\] float64"):
        sbd.parse_mask(content, "a.mat")


def test_the_extra_is_named_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(
        ValueError, match=r"SBD's masks.*pip install .*\[datasets\]"
    ):
        sbd.parse_mask(official.sbd_mask(), "a.mat")


def test_lists_are_read_from_archive_and_folder(downloads, tmp_path):
    wanted = {"train": official.SBD_TRAIN, "val": official.SBD_VAL}
    assert sbd.read_lists(downloads / official.SBD) == wanted
    official.write_folder(tmp_path, official.sbd())
    assert sbd.read_lists(tmp_path / "benchmark_RELEASE") == wanted


def test_a_missing_mask_is_named(downloads):
    with pytest.raises(
        ValueError, match=r"found none of 1 of them.*'2009_000001'"
    ):
        list(sbd.label_maps(downloads / official.SBD, ["2009_000001"]))
