import contextlib
import io
import sys

import export_samples
import numpy as np
import pytest

from guided_segmentation import exports
from guided_segmentation.exports.instances import instances

# Of pycocotools 2.0 where it decodes, with NumPy 2.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)


@pytest.fixture
def read_back(tmp_path):
    """What pycocotools reads, and the number of instances."""
    coco = pytest.importorskip(
        "pycocotools.coco", reason="wants pycocotools: pip install .[export]"
    )
    source = export_samples.write(tmp_path)
    path = tmp_path / "out" / "coco.json"
    count = exports.write(
        "coco", source, tmp_path / "masks", export_samples.LABEL_SET, path
    )
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(str(path)), count


def test_masks_come_back_exactly(read_back):
    found, count = read_back
    number = next(
        each["id"]
        for each in found.loadImgs(found.getImgIds())
        if each["file_name"] == "one.png"
    )
    annotations = found.loadAnns(found.getAnnIds(imgIds=[number]))
    assert len(annotations) == count == 6
    again = np.zeros(export_samples.SIZE, np.uint8)
    for each in annotations:
        mask = found.annToMask(each)
        assert mask.sum() == each["area"]
        rows, columns = np.nonzero(mask)
        assert each["bbox"] == [
            columns.min(),
            rows.min(),
            np.ptp(columns) + 1,
            np.ptp(rows) + 1,
        ]
        again[mask > 0] = each["category_id"]
    wanted = export_samples.label_map()
    np.testing.assert_array_equal(again, np.where(wanted == 255, 0, wanted))


def test_run_lengths_are_those_of_pycocotools(read_back):
    """Area and box too, by its own functions."""
    from pycocotools import mask

    found, _ = read_back
    for each in found.loadAnns(found.getAnnIds()):
        assert mask.area(each["segmentation"]) == each["area"]
        assert mask.toBbox(each["segmentation"]).tolist() == each["bbox"]


def test_categories_and_images_have_their_names(read_back):
    found, _ = read_back
    names = [each["name"] for each in found.loadCats(found.getCatIds())]
    assert names == list(export_samples.LABEL_SET.objects)
    pictures = found.loadImgs(found.getImgIds())
    assert [(each["file_name"], each["height"]) for each in pictures] == [
        ("one.png", 150),
        ("deep/none.png", 150),
    ]


def test_a_missing_package_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    monkeypatch.setitem(sys.modules, "pycocotools.mask", None)
    source = export_samples.write(tmp_path)
    with pytest.raises(
        ValueError,
        match=r"^COCO export: wanted the package pycocotools.*, found none; "
        r"pip install 'guided_segmentation\[export\]'$",
    ):
        exports.write(
            "coco",
            source,
            tmp_path / "masks",
            export_samples.LABEL_SET,
            tmp_path / "coco.json",
        )
    assert not (tmp_path / "coco.json").exists()


def test_instances_are_counted_as_they_are_found(read_back):
    _, count = read_back
    assert count == len(list(instances(export_samples.label_map())))
