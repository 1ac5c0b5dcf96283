import os

import pytest
from PIL import Image

from guided_segmentation.datasets import folder, photograph_folders


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
        match=rf"{tmp_path}: wanted photographs \(\.jpg, .*\.heic, .*\), "
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


@pytest.mark.parametrize("ending", ["webp", "bmp", "tif", "tiff", "jfif"])
def test_photographs_of_every_ending_that_pillow_reads_are_found(
    data_dir, ending
):
    image = Image.new("RGB", (4, 3))
    image.save(data_dir / f"c.{ending}", {"jfif": "JPEG"}.get(ending))
    source = folder.source(data_dir)
    assert source.image("c").shape == (3, 4, 3)


def test_what_is_passed_over_is_counted_and_named(data_dir):
    (data_dir / "maps").mkdir()
    (data_dir / "maps" / "a.png").write_text("not searched")
    (data_dir / "maps" / "settings.json").write_text("{}")
    (data_dir / "e.jpg").symlink_to("/moved/e.jpg")
    (data_dir / "class_names.txt").write_text("cat\n")
    for name in ("f.gif", "maps.txt"):
        (data_dir / name).write_text("of another ending")
    assert folder.source(data_dir).passed_over == (
        "folders of results, with settings.json: 1 (maps)",
        "broken links: 1 (e.jpg)",
        "files of other endings: 2 (f.gif, maps.txt)",
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
        match=r"scan\.jpg and scan\.jpg\.jpg would share the name 'scan\.jpg', "
        r"an image id; rename one",
    ):
        folder.source(data_dir)


def test_photographs_in_folders_have_paths_as_ids(data_dir):
    for name in ("x/\u72ac/c.jpg", "y/a.png", ".hidden/d.jpg"):
        (data_dir / name).parent.mkdir(parents=True)
        Image.new("RGB", (4, 3)).save(data_dir / name)
    found = photograph_folders.find(data_dir)
    assert list(found.photographs) == ["a", "b", "my cat", "x/\u72ac/c", "y/a"]
    found = photograph_folders.find(data_dir, [data_dir / "x"])
    assert list(found.photographs) == ["a", "b", "my cat", "y/a"]


def test_a_link_to_a_folder_above_is_followed_once(data_dir):
    (data_dir / "more").symlink_to(data_dir)
    found = photograph_folders.find(data_dir)
    assert list(found.photographs) == ["a", "b", "my cat"]


@pytest.mark.parametrize("search", ["find", "search"])
def test_a_folder_that_is_none_is_named(tmp_path, search):
    with pytest.raises(FileNotFoundError, match=r"no folder .*/absent"):
        getattr(photograph_folders, search)(tmp_path / "absent")


def test_a_url_is_searched_like_a_local_folder(data_dir, at_url):
    for name in (
        "maps/deep/a.png",
        "maps/settings.json",
        "maps/deep/settings.json",
        "without/c.png",
        ".hidden/d.png",
        "more/.e.png",
        "more/f.gif",
        "more/g.png",
        "settings.json",
    ):
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((data_dir / "a.png").read_bytes())
    url = at_url(data_dir)
    found = photograph_folders.find(url, [f"{url}/without"])
    wanted = photograph_folders.find(data_dir, [data_dir / "without"])
    for each in ("names", "results", "broken_links", "others"):
        assert getattr(found, each) == getattr(wanted, each)
    assert found.names == ("a.png", "b.JPG", "more/g.png", "my cat.jpeg")
    assert found.results == ("maps",)
    with pytest.raises(FileNotFoundError, match=f"no folder {url}/absent"):
        photograph_folders.find(f"{url}/absent")
