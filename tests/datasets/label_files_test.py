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
    assert label_files.read_label_names(path) == {"0042": ["cat"]}


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
    assert label_files.read_label_names(path) == names


@pytest.mark.parametrize("header", ["id,classes", "a,cat", "image_id"])
def test_another_header_is_refused(tmp_path, header):
    path = label_file(tmp_path, "a,cat", header=header)
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted the header image_id,labels, found "
        rf"'{header}'",
    ):
        label_files.read_label_names(path)


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(ValueError, match=r"wanted the header .* an empty file"):
        label_files.read_label_names(tmp_path / "labels.csv")


@pytest.mark.parametrize("line", ["a", "a,cat,dog"])
def test_a_line_with_other_columns_is_refused(tmp_path, line):
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted an image id, a comma and names separated "
        rf"by spaces, found '{line}'",
    ):
        label_files.read_label_names(label_file(tmp_path, "b,cat", line))


def test_an_image_with_two_lines_is_refused(tmp_path):
    path = label_file(tmp_path, "a,cat", "a.jpg,dog")
    with pytest.raises(
        ValueError, match=r"labels\.csv: image 'a' is listed twice; keep one"
    ):
        label_files.read_label_names(path)


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


def test_an_image_without_objects_is_an_error_when_it_is_read(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,", "my cat,cat")
    source = folder.source(data_dir, path, PETS)
    with pytest.raises(
        ValueError, match=r"labels\.csv: image 'b' has no image labels"
    ):
        source.image_labels("b")


@pytest.mark.parametrize("names", ["", "cat\ndog\ncat\n", "background\ncat\n"])
def test_class_names_that_are_no_label_set_are_refused(data_dir, names):
    (data_dir / "class_names.txt").write_text(names)
    with pytest.raises(ValueError, match=r"class_names\.txt: .*label set"):
        folder.source(data_dir)
