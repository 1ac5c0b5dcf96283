import pathlib
import subprocess
import sys
from unittest import mock
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import layouts, synthetic


@pytest.fixture(scope="module", name="written")
def _written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    _write(folder)
    return folder


def _write(folder, **overrides):
    settings = {
        "num_images": {"train": 4, "val": 2, "test": 1},
        "num_saliency_images": 3,
        **overrides,
    }
    layouts.write_synthetic(folder, **settings)


def _contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_written_folder_can_be_read_back(written):
    root = written / "VOCdevkit/VOC2012"
    ids = (root / "ImageSets/Segmentation/train.txt").read_text().split()
    source = synthetic.source("train", num_images=4)
    assert tuple(ids) == source.image_ids
    for image_id in ids:
        image = artifacts.read_image(root / f"JPEGImages/{image_id}.jpg")
        assert np.abs(image - source.image(image_id).astype(int)).mean() < 3
        np.testing.assert_array_equal(
            artifacts.read_label_map(
                root / f"SegmentationClassAug/{image_id}.png"
            ),
            source.label_map(image_id),
        )
    names = (root / "class_names.txt").read_text().split()
    assert tuple(names) == synthetic.LABEL_SET.objects


def test_main_lists_and_annotations_agree_with_the_image_labels(written):
    root = written / "VOCdevkit/VOC2012"
    source = synthetic.source("train", num_images=4)
    for image_id in source.image_ids:
        tree = ElementTree.parse(root / f"Annotations/{image_id}.xml")
        found = {element.text for element in tree.iterfind("object/name")}
        present = source.image_labels(image_id)
        for name, there in zip(
            synthetic.LABEL_SET.objects, present, strict=False
        ):
            lines = (root / f"ImageSets/Main/{name}_train.txt").read_text()
            assert f"{image_id} {1 if there else -1:2d}\n" in lines
            assert (name in found) == there


def test_annotated_boxes_enclose_the_class(written):
    root = written / "VOCdevkit/VOC2012"
    source = synthetic.source("train", num_images=4)
    for image_id in source.image_ids:
        label_map = source.label_map(image_id)
        outside = ~np.isin(label_map, (0, labels.IGNORE))
        tree = ElementTree.parse(root / f"Annotations/{image_id}.xml")
        for box in tree.iterfind("object/bndbox"):
            left, top, right, bottom = (
                int(box.findtext(tag))
                for tag in ("xmin", "ymin", "xmax", "ymax")
            )
            assert outside[top - 1 : bottom, left - 1 : right].any()
            outside[top - 1 : bottom, left - 1 : right] = False
        assert not outside.any()


def test_the_saliency_set_is_in_the_format_of_msra(written):
    root = written / "msra_style"
    text = (root / "UserData/0_data.txt").read_bytes().decode()
    lines = text.split("\r\n")
    assert lines[:2] == ["3", ""]
    assert lines[2] == "0\\saliency_000000.jpg"
    assert lines[3] == "121 97"
    boxes = [[int(x) for x in b.split()] for b in lines[4].split("; ")[:-1]]
    source = synthetic.saliency_source(num_images=3)
    wanted = source.boxes("saliency_000000")[:, [1, 0, 3, 2]]
    np.testing.assert_array_equal(boxes, wanted)
    with Image.open(root / "Image/0/saliency_000000.jpg") as image:
        assert image.size == (121, 97)


def test_the_same_seed_writes_the_same_bytes_over_an_older_set(
    written, tmp_path
):
    _write(tmp_path, seed=5, num_images={"train": 6})
    _write(tmp_path)
    assert _contents(tmp_path) == _contents(written)


def test_a_failed_write_leaves_the_old_data_set_complete(tmp_path):
    _write(tmp_path)
    before = _contents(tmp_path / "VOCdevkit")
    failing = mock.patch.object(
        layouts, "write_voc_lists", side_effect=OSError("disk full")
    )
    with failing, pytest.raises(OSError, match="disk full"):
        _write(tmp_path, seed=9)
    assert _contents(tmp_path / "VOCdevkit") == before
    assert not list(tmp_path.glob(".*"))


def test_leftovers_of_a_killed_process_are_removed(written, tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    leftover = tmp_path / f".VOCdevkit.{gone.pid}.00ff.tmp/VOC2012/a.jpg"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half a")
    _write(tmp_path)
    assert _contents(tmp_path) == _contents(written)


def test_a_data_set_of_another_origin_is_not_overwritten(tmp_path):
    photograph = tmp_path / "VOCdevkit/VOC2012/JPEGImages/2007_000032.jpg"
    photograph.parent.mkdir(parents=True)
    photograph.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="choose another output folder"):
        _write(tmp_path)
    assert _contents(tmp_path) == {
        str(pathlib.Path(photograph).relative_to(tmp_path)): b"precious"
    }
