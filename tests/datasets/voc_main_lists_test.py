"""Image-level labels of ImageSets/Main, difficult ones apart."""

import numpy as np
import pytest

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import layouts, voc_main_lists

PETS = labels.LabelSet(("cat", "dog"))
LISTS = {  # As in VOC's archive: flags are aligned to the right.
    "cat": "2007_000001  1\n2007_000002 -1\n2008_000003  0\n",
    "dog": "2007_000001 -1\n2007_000002  1\n2008_000003  1\n",
}


@pytest.fixture
def root(tmp_path):
    """Three photographs without masks, and the lists of two objects."""
    for line in LISTS["cat"].splitlines():
        path = tmp_path / "JPEGImages" / f"{line.split()[0]}.jpg"
        layouts.write_photograph(path, np.zeros((4, 6, 3), np.uint8))
    for name, text in LISTS.items():
        write_list(tmp_path, name, text)
    return tmp_path


def write_list(root, name, text):
    path = root / "ImageSets" / "Main" / f"{name}_val.txt"
    artifacts.write_bytes(path, text.encode())


def test_flags_are_labels_and_difficult_marks(root):
    found = voc_main_lists.source(root, "val", PETS)
    assert found.name == "pascal_voc/Main/val"
    assert found.image_ids == ("2007_000001", "2007_000002", "2008_000003")
    assert found.image("2008_000003").shape == (4, 6, 3)
    assert found.label_map is None
    present = [found.image_labels(name).tolist() for name in found.image_ids]
    assert present == [[True, False], [False, True], [False, True]]
    difficult = [found.difficult(name).tolist() for name in found.image_ids]
    assert difficult == [[False, False], [False, False], [True, False]]


def test_an_image_may_show_difficult_objects_alone(root):
    write_list(root, "dog", LISTS["dog"].replace("  1", " -1"))
    found = voc_main_lists.source(root, "val", PETS)
    assert found.image_labels("2008_000003").tolist() == [False, False]
    assert found.difficult("2008_000003").tolist() == [True, False]


def test_the_lists_may_differ_in_order(root):
    lines = LISTS["dog"].splitlines(keepends=True)
    write_list(root, "dog", "".join(reversed(lines)))
    found = voc_main_lists.source(root, "val", PETS)
    assert found.image_labels("2007_000001").tolist() == [True, False]
    assert found.image_labels("2008_000003").tolist() == [False, True]


def test_class_names_beside_the_photographs_name_the_lists(root):
    (root / "class_names.txt").write_text("dog\ncat\n")
    found = voc_main_lists.source(root, "val")
    assert found.image_labels("2007_000001").tolist() == [False, True]


def test_all_missing_lists_are_named(root):
    folder = root / "ImageSets" / "Main"
    (folder / "dog_val.txt").unlink()
    birds = labels.LabelSet(("cat", "dog", "bird"))
    with pytest.raises(FileNotFoundError) as error:
        voc_main_lists.source(root, "val", birds)
    assert str(error.value) == (
        f"{folder}: wanted a list <object>_val.txt of each of 3 objects, found "
        f"none of dog_val.txt, bird_val.txt; the lists are part of VOC's "
        f"archive"
    )


@pytest.mark.parametrize("line", ["2007_000001", "a 1 2", "a 2", "a true"])
def test_a_line_of_another_form_is_named(root, line):
    write_list(root, "dog", f"2007_000001 1\n{line}\n")
    with pytest.raises(
        ValueError,
        match=rf"dog_val.txt: wanted lines of an image id and 1, -1 or 0, "
        rf"found '{line}' in line 2",
    ):
        voc_main_lists.source(root, "val", PETS)


def test_lists_of_other_images_are_refused(root):
    write_list(root, "dog", LISTS["dog"].replace("2007_000002", "2009_1"))
    with pytest.raises(
        ValueError,
        match=r"dog_val\.txt: wanted the images of cat_val\.txt, found 2 in "
        "one of the two alone, the first is '2007_000002'; take both from one",
    ):
        voc_main_lists.source(root, "val", PETS)


def test_an_image_is_listed_once(root):
    write_list(root, "cat", LISTS["cat"] + "2007_000001 1\n")
    with pytest.raises(ValueError, match="'2007_000001' is listed twice"):
        voc_main_lists.source(root, "val", PETS)


def test_photographs_may_have_any_ending(root):
    folder = root / "JPEGImages"
    (folder / "2007_000001.jpg").rename(folder / "2007_000001.JPEG")
    found = voc_main_lists.source(root, "val", PETS)
    assert found.image("2007_000001").shape == (4, 6, 3)
    assert found.photograph("2007_000001").name == "2007_000001.JPEG"


def test_two_photographs_of_one_image_are_refused(root):
    path = root / "JPEGImages" / "2007_000001.png"
    layouts.write_photograph(path, np.zeros((4, 6, 3), np.uint8))
    with pytest.raises(
        ValueError,
        match=r"2007_000001\.jpg and 2007_000001\.png would share the image "
        r"id '2007_000001'; rename one",
    ):
        voc_main_lists.source(root, "val", PETS)


def test_every_listed_photograph_exists(root):
    (root / "JPEGImages" / "2007_000002.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="1 of 3 images have no photo"):
        voc_main_lists.source(root, "val", PETS)
