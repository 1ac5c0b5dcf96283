import pytest

from guided_segmentation import artifacts

READERS = [
    artifacts.read_image,
    artifacts.read_size,
    artifacts.read_label_map,
    artifacts.read_saliency_map,
    artifacts.read_score_maps,
    artifacts.read_json,
    artifacts.read_text,
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(FileNotFoundError, match=r"no file .*/absent"):
        read(tmp_path / "absent")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        artifacts.read_image(tmp_path)


def test_the_missing_ids_are_those_without_a_file(tmp_path):
    (tmp_path / "a.png").touch()
    (tmp_path / "b.npz").touch()
    assert artifacts.missing(["b", "a"], tmp_path) == ["b"]
    assert artifacts.missing(["b", "a"], tmp_path, ".npz") == ["a"]
