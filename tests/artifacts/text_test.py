import pytest

from guided_segmentation import artifacts


def test_json_is_read_as_written(tmp_path):
    content = {"miou": 0.5, "iou": {"cat": None}, "names": ["a", "ü"]}
    artifacts.write_json(tmp_path / "a.json", content)
    assert artifacts.read_json(tmp_path / "a.json") == content
    assert (tmp_path / "a.json").read_text().endswith("\n")


@pytest.mark.parametrize("content", [b"", b'{"miou": 0.'])
def test_a_truncated_json_file_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json: wanted JSON, found"):
        artifacts.read_json(tmp_path / "a.json")


def test_text_loses_its_byte_order_mark(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffgr\u00fcn\r\n".encode())
    assert artifacts.read_text(tmp_path / "a.txt") == "gr\u00fcn\n"


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(ValueError, match=r"a\.txt: wanted UTF-8 text, found"):
        artifacts.read_text(tmp_path / "a.txt")
