import numpy as np
import pytest
from PIL import Image

from guided_segmentation import labels
from guided_segmentation.datasets import mask_tables

OBJECTS = labels.LabelSet(("dog", "stop sign"))
CVAT = """# label:color_rgb:parts:actions
background:0,0,0::
stop sign:250,50,83:wheel,door:
dog:1,2,3::
"""


def colours(path, *rows):
    Image.fromarray(np.array(rows, np.uint8)).save(path)
    return path


def test_colours_of_cvat_become_class_indices(tmp_path):
    masks = tmp_path / "SegmentationClass"
    masks.mkdir()
    (tmp_path / "labelmap.txt").write_text(CVAT)
    row = [[0, 0, 0], [250, 50, 83], [1, 2, 3]]
    path = colours(masks / "a.png", row)
    table = mask_tables.find(masks)
    assert table.objects == ("stop sign", "dog")
    label_map = mask_tables.read_label_map(path, table, OBJECTS)
    assert label_map.tolist() == [[0, 2, 1]]
    palette = Image.open(path).quantize(8)
    palette.save(path)
    label_map = mask_tables.read_label_map(path, table, OBJECTS)
    assert label_map.tolist() == [[0, 2, 1]]


def test_values_of_roboflow_become_class_indices(tmp_path):
    text = "Pixel Value, Class\n0, background\n1, stop sign\n4, dog\n"
    (tmp_path / "_classes.csv").write_text(text)
    path = colours(tmp_path / "a_mask.png", [0, 1, 4])
    table = mask_tables.find(tmp_path)
    label_map = mask_tables.read_label_map(path, table, OBJECTS)
    assert label_map.tolist() == [[0, 2, 1]]


def test_pixels_that_a_table_ignores_are_ignored(tmp_path):
    (tmp_path / "labelmap.txt").write_text(
        "_background_:0,0,0::\n__ignore__:9,9,9::\ndog:1,1,1::\n"
    )
    path = colours(tmp_path / "a.png", [[1, 1, 1], [9, 9, 9]])
    table = mask_tables.find(tmp_path)
    label_map = mask_tables.read_label_map(path, table, OBJECTS)
    assert label_map.tolist() == [[1, 255]]


def test_tables_of_all_folders_must_be_the_same(tmp_path):
    """Roboflow writes one into each folder of a split."""
    text = "Pixel Value, Class\n0, background\n1, stop sign\n"
    for split in ("train", "valid"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "_classes.csv").write_text(text)
    assert mask_tables.find(tmp_path).objects == ("stop sign",)
    (tmp_path / "valid" / "_classes.csv").write_text(f"{text}2, dog\n")
    with pytest.raises(
        ValueError,
        match=r"valid/_classes\.csv: wanted the classes of "
        r".*train/_classes\.csv, found others; give the folders one by one",
    ):
        mask_tables.find(tmp_path)


def test_a_folder_without_table_has_none(tmp_path):
    assert mask_tables.find(tmp_path) is None


def test_a_colour_outside_the_table_is_named_with_its_place(tmp_path):
    (tmp_path / "labelmap.txt").write_text(CVAT)
    path = colours(tmp_path / "a.png", [[0, 0, 0], [9, 9, 9], [9, 9, 8]])
    table = mask_tables.find(tmp_path)
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted the colours of .*labelmap\.txt, found 9,9,9 at "
        r"row 0, column 1, and 2 such pixels; save masks as PNG without",
    ):
        mask_tables.read_label_map(path, table, OBJECTS)


def test_a_class_outside_the_label_set_is_named(tmp_path):
    (tmp_path / "labelmap.txt").write_text("cat:1,1,1::\n")
    path = colours(tmp_path / "a.png", [[1, 1, 1]])
    table = mask_tables.find(tmp_path)
    with pytest.raises(
        ValueError,
        match=r"labelmap\.txt: 'cat' is not in the label set; its objects are "
        r"dog, stop sign",
    ):
        mask_tables.read_label_map(path, table, OBJECTS)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("labelmap.txt", "dog 1,2,3", "wanted lines name:red,.*'dog 1,2,3'"),
        ("labelmap.txt", "dog:::", "wanted lines name:red,green,blue::"),
        ("labelmap.txt", "dog:1,2,256::", "wanted lines name:red,green,blue::"),
        ("labelmap.txt", "# none", "wanted a class a line, found none"),
        (
            "labelmap.txt",
            "dog:1,2,3::\ncat:1,2,3::",
            "wanted another colour for each class, found 1,2,3 for 'dog' and "
            "'cat'; change one",
        ),
        ("_classes.csv", "value,class\ndog,1", "wanted lines of a pixel value"),
        (
            "_classes.csv",
            "value,class\n1,dog\n1,cat",
            "wanted another value for each class, found 1 for 'dog' and 'cat'",
        ),
    ],
)
def test_other_tables_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=rf"{name}: {message}"):
        mask_tables.find(tmp_path)
