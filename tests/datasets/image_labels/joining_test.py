import numpy as np
import pytest
from own_photos import PETS, label_file

from guided_segmentation.datasets import folder
from guided_segmentation.datasets.image_labels import joining


def test_image_labels_come_from_the_csv_by_id_or_file_name(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat dog", "b.JPG, dog", "my cat, cat ")
    source = folder.source(data_dir, f"csv:{path}", label_set=PETS)
    np.testing.assert_array_equal(source.image_labels("a"), [True, True])
    np.testing.assert_array_equal(source.image_labels("b"), [False, True])
    np.testing.assert_array_equal(source.image_labels("my cat"), [True, False])


def test_the_csv_may_name_further_images_and_have_empty_lines(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "", "a,cat", "b,dog", "my cat,cat", "c,dog", "")
    source = folder.source(data_dir, f"csv:{path}", label_set=PETS)
    assert source.image_ids == ("a", "b", "my cat")


def test_the_lines_of_an_image_are_united(data_dir, tmp_path):
    """One line an object, as detection tools export them."""
    lines = ["a,cat", "a.png,dog", "a,cat", "b,dog", "my cat,cat"]
    source = folder.source(
        data_dir, f"csv:{label_file(tmp_path, *lines)}", label_set=PETS
    )
    np.testing.assert_array_equal(source.image_labels("a"), [True, True])
    np.testing.assert_array_equal(source.image_labels("b"), [False, True])


@pytest.mark.parametrize(
    "cell", ["traffic light dog", "dog;traffic light", "dog traffic light;"]
)
def test_class_names_make_names_of_several_words_known(
    data_dir, tmp_path, cell
):
    (data_dir / "class_names.txt").write_text("traffic light\nlight\ndog\n")
    path = label_file(tmp_path, f"a,{cell}", "b,light", "my cat,dog")
    source = folder.source(data_dir, f"csv:{path}")
    present = source.image_labels("a")
    np.testing.assert_array_equal(present, [True, False, True])
    np.testing.assert_array_equal(
        source.image_labels("b"), [False, True, False]
    )


def test_a_name_that_is_quoted_once_is_known_everywhere(data_dir, tmp_path):
    lines = ["a,'stop sign'", "b,stop sign cat", "my cat,cat"]
    source = folder.source(data_dir, f"csv:{label_file(tmp_path, *lines)}")
    assert source.label_set.objects == ("cat", "stop sign")


def test_names_that_differ_in_case_alone_are_refused(data_dir, tmp_path):
    path = label_file(tmp_path, "a,Dog", "b,dog", "my cat,cat")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: the objects of a label set must differ .*not in "
        r"upper and lower case alone, got Dog, cat, dog",
    ):
        folder.source(data_dir, f"csv:{path}")


def test_lines_of_images_without_photograph_are_counted(data_dir, tmp_path):
    lines = ["a,cat", "b,dog", "my cat,cat", "more/c.gif,dog", "d,cat", "d,dog"]
    path = label_file(tmp_path, *lines)
    assert folder.source(data_dir, f"csv:{path}").passed_over == (
        f"images of {path} without photograph: 2 (more/c.gif, d)",
    )


def test_photographs_without_tags_are_left_out_and_counted(data_dir, tmp_path):
    where = f"csv:{label_file(tmp_path, 'a,cat')}"
    source = folder.source(data_dir, where, label_set=PETS)
    assert source.image_ids == ("a",)
    assert source.passed_over == ("photographs without tags: 2 (b, my cat)",)


def test_photographs_without_tags_are_background_by_choice(data_dir, tmp_path):
    where = f"csv:{label_file(tmp_path, 'a,cat')}"
    source = folder.source(
        data_dir, where, untagged="background", label_set=PETS
    )
    assert source.image_ids == ("a", "b", "my cat")
    np.testing.assert_array_equal(source.image_labels("b"), [False, False])
    assert source.passed_over == (
        "photographs without tags, taken for background: 2 (b, my cat)",
    )


def test_a_photograph_without_tags_is_an_error_by_choice(data_dir, tmp_path):
    where = f"csv:{label_file(tmp_path, 'a,cat')}"
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: 2 of 3 images have no line, the first is 'b'; add "
        r"them, without names .* or give --untagged=skip",
    ):
        folder.source(data_dir, where, untagged="error", label_set=PETS)


@pytest.mark.parametrize("untagged", joining.UNTAGGED)
def test_tags_of_other_photographs_alone_are_an_error(
    data_dir, tmp_path, untagged
):
    where = f"csv:{label_file(tmp_path, 'x/c.jpg,cat')}"
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: wanted tags of 3 photographs, such as 'a', found "
        r"none of them; it names other images: 1 \(x/c\.jpg\)",
    ):
        folder.source(data_dir, where, untagged=untagged)


def test_a_name_of_photographs_in_two_folders_needs_its_folder(tmp_path):
    where = f"csv:{label_file(tmp_path, 'a.jpg,cat')}"
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: 'a\.jpg' names 2 photographs: x/a, y/a; write it "
        r"with its folder",
    ):
        joining.read(where, ["x/a", "y/a"])
    assert joining.read(where, ["x/a", "y/b"]).names == {"x/a": ["cat"]}


def test_names_of_the_background_are_no_objects(tmp_path):
    where = f"csv:{label_file(tmp_path, 'a,_background_ cat', 'b,Background')}"
    tags = joining.read(where, ["a", "b"])
    assert tags.names == {"a": ["cat"], "b": []}
    assert tags.objects == ("cat",)


def test_names_are_the_same_with_composed_and_decomposed_letters(tmp_path):
    lines = ["a,b\u00fcro", "b,bu\u0308ro"]
    tags = joining.read(f"csv:{label_file(tmp_path, *lines)}", ["a", "b"])
    assert tags.objects == ("b\u00fcro",)


def test_a_name_outside_the_label_set_is_named_with_its_image(
    data_dir, tmp_path
):
    path = label_file(tmp_path, "a,cat", "b,dgo", "my cat,cat")
    with pytest.raises(
        ValueError,
        match=r"labels\.csv: image 'b': 'dgo' is not in the label set; its "
        r"objects are cat, dog",
    ):
        folder.source(data_dir, f"csv:{path}", label_set=PETS)


def test_an_image_without_objects_is_an_example_of_none(data_dir, tmp_path):
    path = label_file(tmp_path, "a,cat", "b,", "my cat,cat")
    source = folder.source(data_dir, f"csv:{path}", label_set=PETS)
    np.testing.assert_array_equal(source.image_labels("b"), [False, False])
