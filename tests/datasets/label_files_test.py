import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_photos import PETS, label_file

from guided_segmentation import labels
from guided_segmentation.datasets import folder, label_files


def test_image_labels_come_from_the_csv_by_id_or_file_name(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat dog", "b.JPG, dog", "my cat, cat ")
    source = folder.source(data_dir, path, PETS)
    np.testing.assert_array_equal(source.image_labels("a"), [True, True])
    np.testing.assert_array_equal(source.image_labels("b"), [False, True])
    np.testing.assert_array_equal(source.image_labels("my cat"), [True, False])


def test_the_csv_may_name_further_images_and_have_empty_lines(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "", "a,cat", "b,dog", "my cat,cat", "c,dog", "")
    source = folder.source(data_dir, path, PETS)
    assert source.image_ids == ("a", "b", "my cat")


def test_windows_line_ends_and_a_byte_order_mark_are_ignored(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffimage_id,labels\r\n0042,cat\r\n".encode())
    assert label_files.read_rows(path) == [("0042", ["cat"])]


@settings(deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 10**9).map(lambda n: f"{n:010}"),
        st.lists(st.sampled_from(labels.VOC.objects), unique=True),
    )
)
def test_a_csv_keeps_ids_as_text_and_the_order_of_names(
    tmp_path_factory, names
):
    lines = [f"{i},{' '.join(objects)}" for i, objects in names.items()]
    path = label_file(tmp_path_factory.mktemp("csv"), *lines)
    assert dict(label_files.read_rows(path)) == names


@pytest.mark.parametrize("header", ["id,classes", "a,cat", "image_id"])
def test_another_header_is_refused(tmp_path, header):
    path = label_file(tmp_path, "a,cat", header=header)
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted the header image_id,labels, found "
        rf"'{header}'",
    ):
        label_files.read_rows(path)


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(ValueError, match=r"wanted the header .* an empty file"):
        label_files.read_rows(tmp_path / "labels.csv")


@pytest.mark.parametrize("line", ["a", "a,cat,dog"])
def test_a_line_with_other_columns_is_refused(tmp_path, line):
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted an image id, a comma and names separated "
        rf"by spaces, found '{line}'",
    ):
        label_files.read_rows(label_file(tmp_path, "b,cat", line))


def test_the_lines_of_an_image_are_united(data_dir, tmp_path):
    """One line an object, as detection tools export them."""
    lines = ["a,cat", "a.png,dog", "a,cat", "b,dog", "my cat,cat"]
    source = folder.source(data_dir, label_file(tmp_path, *lines), PETS)
    np.testing.assert_array_equal(source.image_labels("a"), [True, True])
    np.testing.assert_array_equal(source.image_labels("b"), [False, True])


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("cat dog", ["cat", "dog"]),
        ('"cat, dog"', ["cat", "dog"]),
        ("cat;dog", ["cat", "dog"]),
        ("cat|dog ", ["cat", "dog"]),
        ("traffic light;dog;", ["traffic light", "dog"]),
        ("traffic light;", ["traffic light"]),
        ("'traffic light' dog", ["traffic light", "dog"]),
        ('"""traffic light"", dog"', ["traffic light", "dog"]),
        ("bird's-nest dog's", ["bird's-nest", "dog's"]),
        ("", []),
    ],
)
def test_names_are_separated_by_spaces_or_by_signs(tmp_path, cell, names):
    path = label_file(tmp_path, f"a,{cell}")
    assert label_files.read_rows(path) == [("a", names)]


@pytest.mark.parametrize(
    "cell", ["traffic light dog", "dog;traffic light", "dog traffic light;"]
)
def test_class_names_make_names_of_several_words_known(
    data_dir, tmp_path, cell
):
    (data_dir / "class_names.txt").write_text("traffic light\nlight\ndog\n")
    path = label_file(tmp_path, f"a,{cell}", "b,light", "my cat,dog")
    source = folder.source(data_dir, path)
    present = source.image_labels("a")
    np.testing.assert_array_equal(present, [True, False, True])
    np.testing.assert_array_equal(
        source.image_labels("b"), [False, True, False]
    )


def test_a_name_that_is_quoted_once_is_known_everywhere(data_dir, tmp_path):
    lines = ["a,'stop sign'", "b,stop sign cat", "my cat,cat"]
    source = folder.source(data_dir, label_file(tmp_path, *lines))
    assert source.label_set.objects == ("cat", "stop sign")


def test_names_that_differ_in_case_alone_are_refused(data_dir, tmp_path):
    path = label_file(tmp_path, "a,Dog", "b,dog", "my cat,cat")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: the objects of a label set must differ .*not in "
        r"upper and lower case alone, got Dog, cat, dog",
    ):
        folder.source(data_dir, path)


def test_lines_of_images_without_photograph_are_counted(data_dir, tmp_path):
    lines = ["a,cat", "b,dog", "my cat,cat", "more/c.gif,dog", "d,cat", "d,dog"]
    path = label_file(tmp_path, *lines)
    assert folder.source(data_dir, path).passed_over == (
        f"images of {path} without photograph: 2 (more/c.gif, d)",
    )


def test_a_photograph_without_a_line_is_named(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: 2 of 3 images have no line, the first is 'b'",
    ):
        folder.source(data_dir, path, PETS)


def test_a_name_outside_the_label_set_is_named_with_its_image(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,dgo", "my cat,cat")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: image 'b': 'dgo' is not in the label set; its "
        r"objects are cat, dog",
    ):
        folder.source(data_dir, path, PETS)


def test_an_image_without_objects_is_an_example_of_none(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat", "b,", "my cat,cat")
    source = folder.source(data_dir, path, PETS)
    np.testing.assert_array_equal(source.image_labels("b"), [False, False])


@pytest.mark.parametrize(
    "names", ["", "cat\ndog\ncat\n", "_background_\n", "cat\nCat\n"]
)
def test_class_names_that_are_no_label_set_are_refused(data_dir, names):
    (data_dir / "class_names.txt").write_text(names)
    with pytest.raises(ValueError, match=r"class_names\.txt: .*label set"):
        folder.source(data_dir)


@pytest.mark.parametrize(
    "top",
    [
        "background\n",
        "_background_\n",
        "__background__\n",
        "Background\n",
        "BG\n",
        "__ignore__\n_background_\n",
    ],
)
def test_a_background_on_top_of_the_class_names_is_class_0(data_dir, top):
    (data_dir / "class_names.txt").write_text(f"{top}cat\ndog\n")
    assert folder.source(data_dir).label_set.objects == ("cat", "dog")


def test_a_background_below_other_class_names_is_refused(data_dir):
    (data_dir / "class_names.txt").write_text("cat\n_background_\ndog\n")
    with pytest.raises(
        ValueError,
        match=r"class_names\.txt: wanted '_background_' on top, where it is "
        r"class 0, or not at all, found it below a name",
    ):
        folder.source(data_dir)
