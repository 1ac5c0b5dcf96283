import os

import official_archives as official
import pytest

from guided_segmentation.datasets.preparation import checksums, originals

FILES = {"top/a.txt": b"one", "top/in/b.txt": b"\xef\xbb\xbftwo"}
ORIGINAL = originals.Original(
    archive="data.tar", folder="top", url="http://data.example"
)


def write(tmp_path, name):
    """FILES as an archive or folder of that name."""
    if name == "top":
        official.write_folder(tmp_path, FILES)
    elif name.endswith(".zip"):
        official.write_zip(tmp_path / name, FILES)
    else:
        official.write_tar(tmp_path / name, FILES)
    return tmp_path / name


every_kind = pytest.mark.parametrize(
    "name", ["top", "data.tar", "data.tgz", "data.zip"]
)


@every_kind
def test_files_have_the_same_names_and_content(tmp_path, name):
    path = write(tmp_path, name)
    assert {f.name: f.read() for f in originals.files(path)} == FILES
    assert [file.size for file in originals.files(path)] == [3, 6]


@every_kind
def test_texts_are_found_by_the_end_of_their_path(tmp_path, name):
    found = originals.texts(write(tmp_path, name), ("in/b.txt", "a.txt"))
    assert found == {"in/b.txt": "two", "a.txt": "one"}


@every_kind
def test_a_missing_text_is_named(tmp_path, name):
    path = write(tmp_path, name)
    with pytest.raises(ValueError, match=r"found no n/b\.txt; get it again"):
        originals.texts(path, ("a.txt", "n/b.txt"))


@every_kind
def test_files_are_placed_below_the_output(tmp_path, name):
    path = write(tmp_path, name)
    out = tmp_path / "out"
    originals.place_all(path, out, lambda name: "b" in name)
    assert (out / "top/in/b.txt").read_bytes() == FILES["top/in/b.txt"]
    assert not (out / "top/a.txt").exists()


def test_a_file_of_another_size_is_replaced_and_others_stay(tmp_path):
    path = write(tmp_path, "data.tar")
    official.write_folder(
        tmp_path, {"top/a.txt": b"on", "top/in/b.txt": b"TWOTWO"}
    )
    originals.place_all(path, tmp_path, lambda name: True)
    assert (tmp_path / "top/a.txt").read_bytes() == b"one"
    assert (tmp_path / "top/in/b.txt").read_bytes() == b"TWOTWO"


def test_files_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    def no_link(*_):
        raise OSError("another file system")

    path = write(tmp_path, "top")
    monkeypatch.setattr(os, "link", no_link)
    originals.place_all(path, tmp_path / "out", lambda name: True)
    copy = tmp_path / "out/top/a.txt"
    assert copy.read_bytes() == b"one"
    assert copy.stat().st_ino != (path / "a.txt").stat().st_ino


@pytest.mark.parametrize("name", ["data.tar", "data.zip"])
@pytest.mark.parametrize("member", ["../a.txt", "/a.txt", "top/../../a.txt"])
def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, name, member):
    write_archive = (
        official.write_zip if name == "data.zip" else official.write_tar
    )
    write_archive(tmp_path / name, {member: b""})
    with pytest.raises(ValueError, match="wanted files below one folder"):
        list(originals.files(tmp_path / name))


@pytest.mark.parametrize("name", ["data.tar", "data.tgz", "data.zip"])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_archive_is_refused(tmp_path, name, kept):
    path = write(tmp_path, name)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match=f"{path}: wanted a complete tar or"):
        for file in originals.files(path):
            file.read()


def test_files_that_systems_add_are_ignored(tmp_path):
    noise = dict.fromkeys(("__MACOSX/top/._a.txt", "top/.DS_Store"), b"")
    official.write_zip(tmp_path / "data.zip", {**FILES, **noise})
    found = originals.files(tmp_path / "data.zip")
    assert [file.name for file in found] == list(FILES)


def test_the_archive_comes_before_the_folder(tmp_path):
    assert originals.find(write(tmp_path, "top").parent, ORIGINAL) == (
        tmp_path / "top"
    )
    path = write(tmp_path, "data.tar")
    assert originals.find(tmp_path, ORIGINAL) == path


def test_a_missing_archive_is_named_with_address_and_place(tmp_path):
    message = (
        f"no data.tar, nor the folder top .* in {tmp_path}; get the archive "
        f"from http://data.example and put it at {tmp_path / 'data.tar'}"
    )
    with pytest.raises(FileNotFoundError, match=message):
        originals.find(tmp_path, ORIGINAL)


def test_an_archive_is_recorded_by_its_content(tmp_path):
    path = write(tmp_path, "data.tar")
    record = originals.recorded(path, ORIGINAL)
    assert record["bytes"] == path.stat().st_size
    assert len(record["sha256"]) == 64


def test_a_folder_is_recorded_without_what_is_made_in_it(tmp_path):
    path = write(tmp_path, "top")
    before = originals.recorded(path, ORIGINAL, ignored=("top/made",))
    official.write_folder(tmp_path, {"top/made/c.txt": b"three"})
    after = originals.recorded(path, ORIGINAL, ignored=("top/made",))
    assert before == after
    assert originals.recorded(path)["files"] == 3


def test_the_published_digest_is_checked(tmp_path):
    path = write(tmp_path, "data.tar")
    right = originals.Original(
        archive="data.tar", folder="top", url="u", md5=checksums.md5(path)
    )
    assert originals.recorded(path, right)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=f"MD5 {right.md5}, found MD5 .* u$"):
        originals.recorded(path, right)
