import os

import numpy as np
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
        match=rf"{tmp_path}: wanted photographs \(\.jpg, \.jpeg, .*\.tiff\), "
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


@pytest.mark.parametrize("ending", ["webp", "bmp", "tif", "tiff", "jfif"])
def test_photographs_of_every_ending_that_pillow_reads_are_found(
    data_dir, ending
):
    image = Image.new("RGB", (4, 3))
    image.save(data_dir / f"c.{ending}", {"jfif": "JPEG"}.get(ending))
    source = folder.source(data_dir)
    assert source.image("c").shape == (3, 4, 3)


def test_what_is_passed_over_is_counted_and_named(data_dir):
    (data_dir / "more").mkdir()
    (data_dir / "more" / "d.jpg").write_text("not searched")
    (data_dir / "e.jpg").symlink_to("/moved/e.jpg")
    (data_dir / "class_names.txt").write_text("cat\n")
    for name in ("f.gif", "g.heic"):
        (data_dir / name).write_text("of another ending")
    assert folder.source(data_dir).passed_over == (
        "folders: 1 (more)",
        "broken links: 1 (e.jpg)",
        "files of other endings: 2 (f.gif, g.heic)",
    )


def test_names_that_are_not_utf8_are_refused_with_their_bytes(data_dir):
    name = os.fsdecode(b"caf\xe9.jpg")
    Image.new("RGB", (4, 3)).save(data_dir / name, "JPEG")
    with pytest.raises(
        ValueError,
        match=r"photographs: wanted file names in UTF-8, found 1 in another "
        r"encoding: 'caf\\xe9\.jpg'; rename them, for example with convmv",
    ):
        folder.source(data_dir)


def test_names_that_differ_in_composition_alone_are_refused(data_dir):
    for name in ("\u00fc.jpg", "u\u0308.jpg"):
        Image.new("RGB", (4, 3)).save(data_dir / name)
    with pytest.raises(ValueError, match=r"would share the image id '\u00fc'"):
        folder.source(data_dir)


def test_an_id_that_is_another_photographs_file_name_is_refused(data_dir):
    for name in ("scan.jpg", "scan.jpg.jpg"):
        Image.new("RGB", (4, 3)).save(data_dir / name)
    with pytest.raises(
        ValueError,
        match=r"'scan\.jpg' would be a photograph's file name and the image id "
        r"of scan\.jpg\.jpg; rename one",
    ):
        folder.source(data_dir)


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


def test_the_size_of_a_map_on_its_side_is_explained(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    Image.new("RGB", (4, 3)).save(path, exif=exif)
    image_files.require_size(np.zeros((4, 3)), "a.png", path, "a")
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted the height and width of image 'a', \(4, 3\) "
        r"\(its EXIF orientation is a quarter turn\), found \(3, 4\); replace",
    ):
        image_files.require_size(np.zeros((3, 4)), "a.png", path, "a")


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
