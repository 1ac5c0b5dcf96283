import pytest
from PIL import Image

from guided_segmentation.datasets import folder, image_files


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
def test_an_image_id_is_a_file_name_without_folder_and_ending(text, image_id):
    assert image_files.image_id(text) == image_id


@pytest.mark.parametrize(
    ("text", "image_id"),
    [
        ("scan.jpg", "scan.jpg"),
        ("scan.jpg.jpg", "scan.jpg"),
        (r"photos\a.png", "a"),
        ("\u00dcbung", "U\u0308bung"),
        ("\u00dcbung.jpg", "U\u0308bung"),
        ("b", None),
    ],
)
def test_texts_of_users_are_matched_with_ids(text, image_id):
    match = image_files.matcher(["scan.jpg", "a", "U\u0308bung"])
    assert match(text) == image_id


def test_the_digest_depends_on_the_photographs_and_not_on_their_folder(
    data_dir,
):
    here = folder.source(data_dir)
    there = data_dir.rename(data_dir.with_name("elsewhere"))
    assert folder.source(there).digest == here.digest
    Image.new("RGB", (40, 30)).save(there / "a.png")
    other = folder.source(there)
    assert (other.name, other.image_ids) == (here.name, here.image_ids)
    assert other.digest != here.digest


@pytest.mark.parametrize(
    ("text", "image_id"),
    [
        ("x/a.jpg", "x/a"),
        (r"C:\photos\x\a.jpg", "x/a"),
        ("./x/a", "x/a"),
        ("y/a.JPG", "y/a"),
        ("b.png", "y/b"),
        ("x/b.png", None),
        ("x", None),
    ],
)
def test_texts_name_photographs_in_folders(text, image_id):
    match = image_files.matcher(["x/a", "y/a", "y/b"])
    assert match(text) == image_id


def test_a_name_in_two_folders_is_refused():
    match = image_files.matcher(["x/a", "y/a"])
    with pytest.raises(
        ValueError,
        match=r"'a\.jpg' names 2 photographs: x/a, y/a; write it with its "
        r"folder",
    ):
        match("a.jpg")
