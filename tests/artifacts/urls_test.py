import os

import numpy as np
import pytest

from guided_segmentation import artifacts, provenance

MAP = np.array([[0, 1], [2, 255]], np.uint8)


def test_a_url_has_the_parts_of_a_path():
    path = artifacts.to_path("s3://bucket/runs/guides/", "more/a.b.png")
    assert str(path) == "s3://bucket/runs/guides/more/a.b.png"
    assert (path.name, path.stem, path.suffix) == ("a.b.png", "a.b", ".png")
    assert str(path.parent.parent) == "s3://bucket/runs/guides"
    assert str(path.with_suffix(".npz")) == (
        "s3://bucket/runs/guides/more/a.b.npz"
    )
    bucket = artifacts.to_path("s3://bucket/")
    assert (str(bucket), bucket.name, bucket.parent) == (
        "s3://bucket",
        "",
        bucket,
    )
    assert path.relative_to(bucket).as_posix() == "runs/guides/more/a.b.png"
    with pytest.raises(ValueError, match=r"s3://bucket/a is not in s3://b$"):
        (bucket / "a").relative_to(artifacts.to_path("s3://b"))


def test_functions_of_local_files_refuse_a_url():
    with pytest.raises(TypeError):
        os.stat(artifacts.to_path("s3://bucket/a"))


def test_a_local_path_stays_a_path(tmp_path):
    assert artifacts.to_path(str(tmp_path), "a", "b") == tmp_path / "a" / "b"
    assert artifacts.local_copy(tmp_path) == tmp_path
    assert artifacts.absolute(tmp_path / ".." / "x") == str(
        tmp_path.parent / "x"
    )


@pytest.mark.parametrize("url", ["s3://me:secret@host/a", "sftp://me:x@h"])
def test_a_url_with_a_password_is_refused(url):
    with pytest.raises(ValueError, match=r"//\.\.\.@h.* without a password"):
        artifacts.to_path(url)


def test_names_below_a_folder_do_not_mix_urls_and_local_folders(tmp_path):
    below = artifacts.name_below
    assert below("s3://b/x/y", "s3://b/x") == "y"
    assert below("s3://b/x", "s3://b/x/") == "."
    assert below("s3://b/xy", "s3://b/x") is None
    assert below("s3://b/x", tmp_path) is None
    assert below(tmp_path, "s3://b") is None
    assert below(tmp_path / "a" / "b", tmp_path) == "a/b"


def test_files_at_a_url_are_those_of_a_local_folder(root, tmp_path):
    for folder in (root, str(tmp_path)):
        artifacts.write_label_map(f"{folder}/a.png", MAP)
        artifacts.write_saliency_map(f"{folder}/deep/b.png", MAP / 255)
        artifacts.write_score_maps(f"{folder}/a.npz", MAP[..., None], MAP[0])
        artifacts.write_json(f"{folder}/settings.json", {"a": 1})
    url = artifacts.to_path(root)
    for name in ("a.png", "deep/b.png", "a.npz", "settings.json"):
        content = (tmp_path / name).read_bytes()
        assert (url / name).read_bytes() == content
        digests = [
            (provenance.sampled_digest(each), provenance.file_digest(each))
            for each in (url / name, tmp_path / name)
        ]
        assert digests[0] == digests[1]
        assert provenance.sha256(url / name) == provenance.sha256(
            tmp_path / name
        )
    np.testing.assert_array_equal(artifacts.read_label_map(url / "a.png"), MAP)
    assert artifacts.read_header(url / "a.png").mode == "P"
    assert artifacts.read_json(url / "settings.json") == {"a": 1}
    assert artifacts.missing(["a", "deep/b", "c"], root) == ["c"]
    for pattern in ("*.png", "*/*.png"):
        found, wanted = (
            [
                each.relative_to(folder).as_posix()
                for each in folder.glob(pattern)
            ]
            for folder in (url, tmp_path)
        )
        assert found == wanted
    assert [str(each) for each in url.rglob("*.png")] == [
        f"{root}/a.png",
        f"{root}/deep/b.png",
    ]
    assert url.is_dir() and not url.is_file() and (url / "deep").exists()
    assert (url / "a.png").is_file() and not (url / "b.png").exists()


def test_ends_of_a_large_file_are_read_alike(root, tmp_path):
    content = np.random.default_rng(0).bytes(300_000)
    for folder in (root, tmp_path):
        artifacts.write_bytes(artifacts.to_path(folder, "large"), content)
    url, file = f"{root}/large", tmp_path / "large"
    for count in (1, 65536, 150_000, 200_000):
        found = artifacts.read_ends(url, len(content), count)
        assert found == artifacts.read_ends(file, len(content), count)


def test_a_file_that_is_written_again_has_another_state(root):
    artifacts.write_bytes(f"{root}/a", b"one")
    before = artifacts.state(f"{root}/a")
    copy = artifacts.local_copy(f"{root}/a")
    assert (copy.name, copy.read_bytes()) == ("a", b"one")
    assert artifacts.local_copy(f"{root}/a") == copy
    artifacts.write_bytes(f"{root}/a", b"two")
    assert artifacts.state(f"{root}/a") != before
    assert artifacts.local_copy(f"{root}/a").read_bytes() == b"two"


def test_maps_in_a_url_are_recorded_and_checked(root):
    provenance.record_or_check_maps(root, {"a": 1}, {"seeds": {"x": "1"}})
    artifacts.write_label_map(f"{root}/x.png", MAP)
    provenance.record_or_check_maps(root, {"a": 1}, {"seeds": {"x": "1"}})
    with pytest.raises(ValueError, match=r"memory://.*begun with a = 1, now"):
        provenance.record_or_check_maps(root, {"a": 2})
    with pytest.raises(ValueError, match="seeds of 1 images changed"):
        provenance.record_or_check_maps(root, {"a": 1}, {"seeds": {"x": "2"}})


def test_what_is_missing_at_a_url_is_said_as_of_local_files(root):
    for read in (artifacts.read_image, artifacts.read_text, artifacts.state):
        with pytest.raises(FileNotFoundError, match=f"no file {root}/a.png"):
            read(f"{root}/a.png")
    assert provenance.file_digest(f"{root}/a.png") == ""
    assert artifacts.missing(["a"], root) == ["a"]
