import os
import pickle

import numpy as np
import pytest

from guided_segmentation.datasets.image_labels import table
from guided_segmentation.datasets.preparation import cls_labels


def vector(*present):
    found = np.zeros(20, np.float32)
    found[list(present)] = 1
    return found


def save(folder, content):
    path = folder / "cls_labels.npy"
    np.save(path, content, allow_pickle=True)
    return path


def assert_refused(tmp_path, content, message):
    path = save(tmp_path, content)
    with pytest.raises(ValueError, match=f"{path}: .*{message}"):
        cls_labels.prepare(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "keys",
    [
        ("2007_000032", "2011_003276"),
        (2007000032, 2011003276),
        tuple(np.array([2007000032, 2011003276])),
    ],
)
def test_tags_are_written_for_text_and_for_numbers(tmp_path, keys):
    save(tmp_path, {keys[0]: vector(0, 14), keys[1]: vector(19)})
    record = cls_labels.prepare(tmp_path, tmp_path / "out")
    assert (tmp_path / "out/image_labels.csv").read_text() == (
        "image_id,labels\n2007_000032,aeroplane person\n2011_003276,tvmonitor\n"
    )
    assert record["images"] == 2
    assert record["without_objects"] == 0


def test_the_path_of_the_file_may_have_any_name(tmp_path):
    path = save(tmp_path, {"2007_000032": vector(1)})
    path = path.rename(tmp_path / "labels_of_irn.npy")
    cls_labels.prepare(path, tmp_path)
    found = dict(table.read(tmp_path / "image_labels.csv"))
    assert found == {"2007_000032": ["bicycle"]}


def test_a_second_call_changes_nothing(tmp_path):
    save(tmp_path, {"2007_000032": vector(1)})
    first = cls_labels.prepare(tmp_path, tmp_path / "out")
    before = (tmp_path / "out/image_labels.csv").stat().st_mtime_ns
    assert cls_labels.prepare(tmp_path, tmp_path / "out") == first
    after = (tmp_path / "out/image_labels.csv").stat().st_mtime_ns
    assert after == before


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol_are_read(tmp_path, protocol):
    path = save(tmp_path, {})
    table = np.array({"2007_000032": vector(1), 2007000033: [0] * 19 + [1.0]})
    header = path.read_bytes()[:128]
    path.write_bytes(header + pickle.dumps(table, protocol))
    found = cls_labels.read(path)
    assert found["2007_000032"].tolist() == [False, True] + [False] * 18
    assert found["2007_000033"][19]


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_no_code_of_a_pickle_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = r"a pickle that calls (posix|nt)\.mkdir"
    assert_refused(tmp_path, {"2007_000032": Harmful()}, message)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"cat": vector(0)}, "wanted image ids such as .*, found 'cat'"),
        ({True: vector(0)}, "found True"),
        ({"2007_000032": vector(0)[:19]}, r"'2007_000032': wanted 20 numbers"),
        ({"2007_000032": vector(0) / 2}, "are 0 or 1, found "),
        ({"2007_000032": np.full(20, "1")}, "are 0 or 1, found "),
        (
            {"2007_000032": vector(0), 2007000032: vector(0)},
            "found '2007_000032' twice",
        ),
        ({}, "found none"),
        (np.array(3, object), "wanted a pickled dict, found int"),
        (np.zeros(3), r"found an array \[3\] of float64"),
    ],
)
def test_other_content_is_refused(tmp_path, content, message):
    assert_refused(tmp_path, content, message)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "cls_labels.npy"
    path.write_bytes(b"no array")
    with pytest.raises(ValueError, match="wanted a pickled dict in NumPy's"):
        cls_labels.read(path)


def test_a_missing_file_is_named_with_its_place(tmp_path):
    path = tmp_path / "cls_labels.npy"
    with pytest.raises(FileNotFoundError, match=f"put it at {path}"):
        cls_labels.prepare(tmp_path, tmp_path / "out")


def test_other_tags_are_not_replaced(tmp_path):
    save(tmp_path, {"2007_000032": vector(1)})
    (tmp_path / "image_labels.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="was not written by"):
        cls_labels.prepare(tmp_path, tmp_path)
    assert (tmp_path / "image_labels.csv").read_text() == "mine"
