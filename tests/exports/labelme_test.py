"""Files of labelme, read as its own documentation describes them."""

import export_samples
import numpy as np
import pytest
from PIL import Image, ImageDraw

from guided_segmentation import artifacts, exports

FIELDS = {
    "version": str,
    "flags": dict,
    "shapes": list,
    "imagePath": str,
    "imageData": type(None),
    "imageHeight": int,
    "imageWidth": int,
}
FIELDS_OF_A_SHAPE = {
    "label": str,
    "points": list,
    "group_id": type(None),
    "description": str,
    "shape_type": str,
    "flags": dict,
    "mask": type(None),
}


@pytest.fixture
def written(tmp_path):
    source = export_samples.write(tmp_path)
    count = exports.write(
        "labelme",
        source,
        tmp_path / "masks",
        export_samples.LABEL_SET,
        tmp_path / "out",
    )
    assert count == 6
    return tmp_path / "out"


def test_there_is_a_file_for_each_mask(written):
    found = sorted(
        path.relative_to(written).as_posix() for path in written.rglob("*.*")
    )
    assert found == ["deep/none.json", "one.json"]
    assert artifacts.read_json(written / "deep" / "none.json")["shapes"] == []


def test_every_field_is_there_and_of_its_type(written):
    content = artifacts.read_json(written / "one.json")
    assert {key: type(value) for key, value in content.items()} == FIELDS
    for shape in content["shapes"]:
        found = {key: type(value) for key, value in shape.items()}
        assert found == FIELDS_OF_A_SHAPE
        assert shape["shape_type"] == "polygon"
        assert len(shape["points"]) > 2
    assert (content["imageHeight"], content["imageWidth"]) == (150, 200)


@pytest.mark.parametrize("name", ["one", "deep/none"])
def test_the_photograph_is_found_from_the_file(written, name):
    file = written / f"{name}.json"
    path = file.parent / artifacts.read_json(file)["imagePath"]
    assert artifacts.read_image(path).shape == (150, 200, 3)


def test_polygons_drawn_by_pillow_are_the_masks(written):
    """As labelme itself draws them."""
    content = artifacts.read_json(written / "one.json")
    wanted = export_samples.label_map()
    for index, name in enumerate(export_samples.LABEL_SET.objects, 1):
        drawn = np.zeros(wanted.shape, bool)
        for shape in content["shapes"]:
            if shape["label"] == name:
                canvas = Image.new("L", wanted.shape[::-1])
                points = [tuple(point) for point in shape["points"]]
                ImageDraw.Draw(canvas).polygon(points, outline=1, fill=1)
                drawn |= np.asarray(canvas) > 0
        assert export_samples.iou(drawn, wanted == index) > 0.95


def test_labelme_itself_reads_them(written):
    """In the releases whose module for files needs no screen."""
    label_file = pytest.importorskip(
        "labelme._label_file", reason="wants labelme of 6.x"
    )
    found = label_file.LabelFile(str(written / "one.json"))
    assert len(found.shapes) == 6
