import pathlib
import subprocess
import sys

import object_store
import pytest
from fsspec.implementations import local, memory

from guided_segmentation import artifacts
from guided_segmentation.artifacts import stores


def test_local_files_do_not_import_fsspec():
    program = (
        "import sys; from guided_segmentation import artifacts, provenance;"
        "artifacts.missing(['a'], '/x'); artifacts.to_path('/x/a').exists();"
        "assert 'fsspec' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_upload_that_dies_leaves_the_old_object(root, monkeypatch):
    artifacts.write_bytes(f"{root}/a", b"old")

    def dies(self, path, value, **_):
        raise ConnectionResetError("peer\nwent away")

    with monkeypatch.context() as patch:
        patch.setattr(memory.MemoryFileSystem, "pipe_file", dies)
        for name in ("a", "b"):
            with pytest.raises(OSError, match="wanted to write it, found Conn"):
                artifacts.write_bytes(f"{root}/{name}", b"new")
    assert stores.names(root) == ["a"]
    assert stores.read(f"{root}/a") == b"old"
    artifacts.write_bytes(f"{root}/b", b"new")
    assert stores.names(root) == ["a", "b"]


def test_a_writer_that_dies_uploads_nothing(root):
    with (
        pytest.raises(ZeroDivisionError),
        artifacts.replacing(f"{root}/a") as temporary,
    ):
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert stores.names(root) == []
    assert not temporary.exists()


def test_elsewhere_an_upload_gets_another_name_first(tmp_path, monkeypatch):
    """A file system that shows a file while it is written."""
    url = f"file://{tmp_path}/more/a.json"
    artifacts.write_json(url, {"a": 1})
    path = pathlib.Path(tmp_path, "more", "a.json")
    assert artifacts.read_json(path) == {"a": 1}

    def dies(self, source, path, **_):
        pathlib.Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(local.LocalFileSystem, "put_file", dies)
    with pytest.raises(
        OSError, match=r"a\.json: wanted to write it.*disk full"
    ):
        artifacts.write_json(url, {"a": 2})
    assert artifacts.read_json(path) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("foo://x/y", "foo://x: wanted a scheme that fsspec knows.*: foo"),
        ("zip://a::s3://b/c", "wanted a URL such as s3://bucket/folder"),
        ("csv:s3://b/c", "wanted a URL such as s3://bucket/folder"),
    ],
)
def test_a_url_that_cannot_be_opened_is_refused_in_one_line(url, message):
    for call in (artifacts.read_text, lambda to: artifacts.write_json(to, 1)):
        with pytest.raises(ValueError, match=message) as raised:
            call(url)
        assert "\n" not in str(raised.value)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    registry = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(registry, "s3", raising=False)
    with pytest.raises(ValueError, match=r"s3fs.*guided_segmentation.s3"):
        stores.read("s3://elsewhere/a")
    stores._file_system.cache_clear()
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ValueError, match=r"wanted the package fsspec.*cluster"):
        stores.read("memory://elsewhere/a")
    stores._file_system.cache_clear()


def test_an_error_of_a_store_is_one_line_that_names_the_url(root, monkeypatch):
    def refuses(self, path, **_):
        raise RuntimeError("Access\n denied")

    for name in ("info", "cat_file", "find"):
        monkeypatch.setattr(memory.MemoryFileSystem, name, refuses)
    calls = {"ask for": stores.info, "read": stores.read, "list": stores.names}
    for what, call in calls.items():
        message = (
            rf"{root}/a: wanted to {what} it, found RuntimeError: Access "
            rf"denied; check that the bucket"
        )
        with pytest.raises(OSError, match=message):
            call(f"{root}/a")


def test_an_object_store_keeps_files_as_a_folder_does():
    with object_store.serving() as store:
        root = "s3://bucket/deep/er"
        assert stores.names(root) == [] and stores.info(root) is None
        artifacts.write_bytes(f"{root}/a/b c[1]%.txt", b"content")
        artifacts.write_bytes(f"{root}/d.json", b"{}")
        assert store.content("deep") == {
            "er/a/b c[1]%.txt": b"content",
            "er/d.json": b"{}",
        }
        url = artifacts.to_path(root)
        assert stores.names(root) == ["a/b c[1]%.txt", "d.json"]
        assert [each.name for each in url.glob("*")] == ["d.json"]
        assert (url / "a").is_dir() and not (url / "a").is_file()
        assert artifacts.to_path("s3://bucket").is_dir()
        assert stores.read(f"{root}/a/b c[1]%.txt", 2, 4) == b"nt"
        before = artifacts.state(f"{root}/d.json")
        store.files.pipe_file("bucket/deep/er/d.json", b"[]")
        assert artifacts.state(f"{root}/d.json") != before
        assert artifacts.read_json(f"{root}/d.json") == []
        with pytest.raises(FileNotFoundError, match=r"^no file s3://absent/a$"):
            stores.read("s3://absent/a")
        with pytest.raises(OSError, match=_line("s3://absent/a", "bucket")):
            artifacts.write_json("s3://absent/a", 1)


def test_a_key_that_is_refused_is_one_line():
    with object_store.refusing():
        url = "s3://bucket/a"
        for call in (stores.info, stores.read, stores.names):
            with pytest.raises(OSError, match=_line(url, "Permission")):
                call(url)
        with pytest.raises(OSError, match=_line(url, "Permission")):
            artifacts.write_json(url, 1)


def _line(url, reason):
    return (
        rf"^{url}: wanted to .* it, found .*{reason}.*; check that .*urls.md.$"
    )
