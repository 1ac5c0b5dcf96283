import pytest
from PIL import Image

from guided_segmentation.datasets import folder, image_files


def test_other_files_hidden_files_and_folders_are_ignored(data_dir):
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


def test_two_photographs_with_the_same_id_are_refused(data_dir):
    Image.new("RGB", (4, 3)).save(data_dir / "a.jpg")
    with pytest.raises(
        ValueError,
        match=r"photographs: a\.jpg and a\.png would share the image id 'a'; "
        r"rename one",
    ):
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
def test_an_image_id_is_a_file_name_without_folder_and_ending(text, image_id):
    assert image_files.image_id(text) == image_id


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
