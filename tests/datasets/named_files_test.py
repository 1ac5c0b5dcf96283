import numpy as np
import pytest

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import named_files

PICTURE = np.full((2, 3, 3), 9, np.uint8)


@pytest.fixture
def photos(tmp_path):
    for name in ("1.png", "2.PNG", "more/1.png", "more/deep/3.png"):
        artifacts.write_image(tmp_path / "photos" / name, PICTURE)
    (tmp_path / "photos" / "notes.txt").write_text("x")
    (tmp_path / "photos" / ".hidden.png").write_text("x")
    (tmp_path / "photos" / ".cache").mkdir()
    (tmp_path / "photos" / ".cache" / "4.png").write_text("x")
    return tmp_path / "photos"


def ids(*names, **arguments):
    found = named_files.source([str(name) for name in names], **arguments)
    return list(found.image_ids)


def test_a_folder_means_its_photographs_and_those_below(photos):
    assert ids(photos) == ["1", "2", "more/1", "more/deep/3"]


def test_files_and_patterns_mean_photographs(photos):
    assert ids(photos / "1.png") == ["1"]
    assert ids(f"{photos}/*") == ["1", "2"]
    assert ids(f"{photos}/**/*.png") == ["1", "more/1", "more/deep/3"]
    assert ids(f"{photos}/mor[e]") == ["1", "deep/3"]


def test_ids_relate_to_the_folder_in_common(photos):
    assert ids(photos / "more" / "1.png", photos / "1.png") == ["1", "more/1"]
    assert ids(photos / "more", photos / "more" / "deep") == ["1", "deep/3"]


def test_a_photograph_that_is_named_twice_counts_once(photos):
    assert ids(photos, f"{photos}/*.png", photos / "1.png") == ids(photos)


def test_a_file_of_another_ending_is_taken_if_it_is_named(photos):
    assert ids(photos / "notes.txt") == ["notes.txt"]
    assert ids(f"{photos}/*.txt") == ["notes.txt"]


def test_a_name_may_hold_the_signs_of_patterns(photos):
    artifacts.write_image(photos / "a[1].png", PICTURE)
    assert ids(photos / "a[1].png") == ["a[1]"]


def test_folders_of_the_output_are_not_searched(photos):
    assert ids(photos, excluded=[photos / "more"]) == ["1", "2"]


def test_photographs_are_read(photos):
    source = named_files.source([str(photos)])
    np.testing.assert_array_equal(source.image("more/1"), PICTURE)
    assert source.photograph("2") == photos / "2.PNG"


def test_class_names_in_the_common_folder_are_the_classes(photos):
    assert named_files.source([str(photos)]).label_set == labels.VOC
    (photos / "class_names.txt").write_text("owl\n")
    found = named_files.source([f"{photos}/*"])
    assert found.label_set == labels.LabelSet(("owl",))


@pytest.mark.parametrize("name", ["none.jpg", "none", "no*.jpg"])
def test_a_name_that_means_nothing_is_an_error(photos, name):
    with pytest.raises(
        FileNotFoundError,
        match=r": wanted a photograph, a folder or a pattern of names, found "
        r"no such file$",
    ):
        ids(photos / name)


def test_a_folder_without_photographs_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r": wanted photographs .* found none"):
        ids(tmp_path)


def test_two_photographs_of_one_id_are_an_error(photos):
    artifacts.write_image(photos / "1.bmp.png", PICTURE)
    (photos / "1.bmp.png").rename(photos / "1.bmp")
    with pytest.raises(
        ValueError,
        match=r"1\.bmp and .*1\.png would share the image id '1'; rename one$",
    ):
        ids(photos)
