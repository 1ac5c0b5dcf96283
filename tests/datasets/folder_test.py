import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from guided_segmentation import labels
from guided_segmentation.datasets import folder

PETS = labels.LabelSet(("cat", "dog"))


def photograph(data_dir, name, mode="RGB"):
    Image.new(mode, (4, 3)).save(data_dir / name)


def label_file(tmp_path, *lines, header="image_id,labels"):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join([header, *lines]), newline="")
    return path


@pytest.fixture
def data_dir(tmp_path):
    data_dir = tmp_path / "photographs"
    data_dir.mkdir()
    for name in ("b.JPG", "a.png", "my cat.jpeg"):
        photograph(data_dir, name)
    return data_dir


def test_photographs_of_every_ending_come_in_the_order_of_their_ids(data_dir):
    source = folder.source(data_dir)
    assert (source.name, source.image_ids) == ("folder", ("a", "b", "my cat"))
    for image_id in source.image_ids:
        image = source.image(image_id)
        assert (image.shape, image.dtype) == ((3, 4, 3), np.uint8)


def test_photographs_alone_have_neither_labels_nor_truth(data_dir):
    source = folder.source(data_dir)
    assert source.image_labels is source.label_map is source.boxes is None
    assert source.label_set is labels.VOC


def test_other_files_hidden_files_and_folders_are_passed_over(data_dir):
    (data_dir / "notes.txt").write_text("none")
    (data_dir / "._a.png").write_text("macOS leaves such files")
    (data_dir / "more.jpg").mkdir()
    assert folder.source(data_dir).image_ids == ("a", "b", "my cat")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/absent"):
        folder.source(tmp_path / "absent")


def test_a_folder_without_photographs_is_refused(tmp_path):
    with pytest.raises(
        ValueError,
        match=rf"{tmp_path}: wanted photographs \(\.jpg, \.jpeg, \.png\), "
        rf"found none",
    ):
        folder.source(tmp_path)


def test_two_photographs_of_one_id_are_refused(data_dir):
    photograph(data_dir, "a.jpg")
    with pytest.raises(
        ValueError,
        match=r"photographs: a\.jpg and a\.png would share the image id 'a'; "
        r"rename one",
    ):
        folder.source(data_dir)


def test_an_unreadable_photograph_is_told_when_it_is_asked_for(data_dir):
    (data_dir / "a.png").write_bytes(b"")
    source = folder.source(data_dir)
    with pytest.raises(ValueError, match=r"a\.png: wanted an image"):
        source.image("a")


# The CSV of image-level labels.


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


def test_windows_line_ends_and_byte_order_mark_do_no_harm(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffimage_id,labels\r\n0042,cat\r\n".encode())
    assert folder.read_label_names(path) == {"0042": ["cat"]}


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
    assert folder.read_label_names(path) == names


@pytest.mark.parametrize("header", ["id,classes", "a,cat", "image_id"])
def test_another_header_is_shown_beside_the_wanted_one(tmp_path, header):
    path = label_file(tmp_path, "a,cat", header=header)
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted the header image_id,labels, found "
        rf"'{header}'",
    ):
        folder.read_label_names(path)


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("")
    with pytest.raises(ValueError, match=r"wanted the header .* an empty file"):
        folder.read_label_names(tmp_path / "labels.csv")


@pytest.mark.parametrize("line", ["a", "a,cat,dog"])
def test_a_line_of_other_columns_is_shown(tmp_path, line):
    with pytest.raises(
        ValueError,
        match=rf"labels\.csv: wanted an image id, a comma and names parted by "
        rf"spaces, found '{line}'",
    ):
        folder.read_label_names(label_file(tmp_path, "b,cat", line))


def test_an_image_with_two_lines_is_refused(tmp_path):
    path = label_file(tmp_path, "a,cat", "a.jpg,dog")
    with pytest.raises(
        ValueError, match=r"labels\.csv: image 'a' is there twice; keep one"
    ):
        folder.read_label_names(path)


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


def test_an_image_without_objects_is_told_when_it_is_asked_for(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,", "my cat,cat")
    source = folder.source(data_dir, path, PETS)
    with pytest.raises(
        ValueError, match=r"labels\.csv: image 'b' has no image labels"
    ):
        source.image_labels("b")


# The label set.


def test_class_names_in_the_folder_go_before_all_but_the_callers(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,dog", "my cat,cat")
    (data_dir / "class_names.txt").write_text("dog\n\ncat\nbird\n")
    source = folder.source(data_dir, path)
    assert source.label_set.objects == ("dog", "cat", "bird")
    assert folder.source(data_dir, path, PETS).label_set is PETS


def test_vocs_label_set_serves_where_it_covers_the_csv(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat", "b,dog", "my cat,cat")
    assert folder.source(data_dir, path).label_set is labels.VOC


def test_other_names_make_a_label_set_of_their_own(data_dir, tmp_path):
    path = label_file(tmp_path, "a,zebra cat", "b,gnu", "my cat,cat")
    source = folder.source(data_dir, path)
    assert source.label_set.objects == ("cat", "gnu", "zebra")
    np.testing.assert_array_equal(source.image_labels("a"), [True, False, True])


@pytest.mark.parametrize("names", ["", "cat\ndog\ncat\n", "background\ncat\n"])
def test_class_names_that_make_no_label_set_are_told_by_file(data_dir, names):
    (data_dir / "class_names.txt").write_text(names)
    with pytest.raises(ValueError, match=r"class_names\.txt: .*label set"):
        folder.source(data_dir)


@pytest.mark.parametrize(
    ("text", "image_id"),
    [
        ("2007_000032", "2007_000032"),
        ("/JPEGImages/a.jpg", "a"),
        (r"0\0001.JPEG", "0001"),
        ("dr. no.png", "dr. no"),
        ("v1.2", "v1.2"),
    ],
)
def test_an_id_is_a_file_name_without_folder_and_ending(text, image_id):
    assert folder.image_id(text) == image_id


def test_the_digest_tells_photographs_and_not_where_they_are(data_dir):
    here = folder.source(data_dir)
    there = data_dir.rename(data_dir.with_name("elsewhere"))
    assert folder.source(there).digest == here.digest
    Image.new("RGB", (40, 30)).save(there / "a.png")
    other = folder.source(there)
    assert (other.name, other.image_ids) == (here.name, here.image_ids)
    assert other.digest != here.digest
