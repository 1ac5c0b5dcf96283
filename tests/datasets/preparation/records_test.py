import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets.preparation import records


def test_a_begun_data_set_is_not_complete(tmp_path):
    records.begin(tmp_path, "coco", ("made",))
    found = artifacts.read_json(tmp_path / "preparation.json")
    assert found == {"dataset": "coco", "complete": False}
    (tmp_path / "made").touch()
    records.begin(tmp_path, "coco", ("made",))
    records.end(tmp_path, "coco", {"images": 3})
    found = artifacts.read_json(tmp_path / "preparation.json")
    assert found == {"dataset": "coco", "complete": True, "images": 3}


def test_another_data_set_is_not_mixed_with(tmp_path):
    records.begin(tmp_path, "coco", ())
    with pytest.raises(FileExistsError, match="data set 'coco', wanted 'msra'"):
        records.begin(tmp_path, "msra", ())


def test_files_from_elsewhere_are_not_replaced(tmp_path):
    (tmp_path / "made").touch()
    with pytest.raises(FileExistsError, match="made exists, but was not"):
        records.begin(tmp_path, "coco", ("made",))
    assert not (tmp_path / "preparation.json").exists()


def test_the_first_faults_are_named_and_all_are_counted():
    records.require_no_faults([], "data")
    faults = [f"fault {number}" for number in range(7)]
    with pytest.raises(
        ValueError, match=r"^data: 7 faults: fault 0; .*fault 4; and 2 more$"
    ):
        records.require_no_faults(faults, "data")


def test_a_file_of_the_same_content_stays(tmp_path):
    records.write_if_other(tmp_path / "a", b"one")
    before = (tmp_path / "a").stat().st_mtime_ns
    records.write_if_other(tmp_path / "a", b"one")
    assert (tmp_path / "a").stat().st_mtime_ns == before
    records.write_if_other(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
