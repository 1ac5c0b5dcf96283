import time

import fsspec
import pytest

from guided_segmentation import segmenter
from guided_segmentation.segmenter.margins_file import MarginsFile


def test_a_folder_without_margins_has_none(tmp_path):
    assert segmenter.read_margins(tmp_path) == {}
    MarginsFile(tmp_path / "new").close()
    assert not (tmp_path / "new").exists()


def test_names_with_commas_quotes_and_scripts_come_back(tmp_path):
    names = {'a,"b"': 0.5, "kot/ąę 猫": 0.25, "plain": 1.0}
    file = MarginsFile(tmp_path)
    for name, margin in names.items():
        file.add(name, margin)
    assert segmenter.read_margins(tmp_path) == names  # Before the end too.
    file.close()
    assert segmenter.read_margins(tmp_path) == names


def test_the_later_margin_of_an_image_counts_and_rows_are_sorted(tmp_path):
    file = MarginsFile(tmp_path)
    for name, margin in (("b", 0.5), ("a", 0.25), ("b", 0.75)):
        file.add(name, margin)
    assert segmenter.read_margins(tmp_path)["b"] == 0.75
    file.close()
    assert (tmp_path / "margins.csv").read_text() == (
        "image_id,mean_margin\na,0.250000\nb,0.750000\n"
    )


@pytest.mark.parametrize("cut", [1, 3, 8, 9])
def test_a_row_that_a_killed_run_left_is_dropped(tmp_path, cut):
    file = MarginsFile(tmp_path)
    file.add("a", 0.25)
    file.add("b", 0.75)
    path = tmp_path / "margins.csv"
    path.write_text(path.read_text()[:-cut])
    again = MarginsFile(tmp_path)
    again.add("c", 0.5)
    assert segmenter.read_margins(tmp_path) == {"a": 0.25, "c": 0.5}


def test_at_a_url_the_file_is_written_anew_after_a_while(monkeypatch):
    files = fsspec.filesystem("memory")
    files.store.clear()
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    file = MarginsFile("memory://maps")
    file.add("b", 0.5)
    assert segmenter.read_margins("memory://maps") == {}
    now[0] = 31
    file.add("a", 0.25)
    assert segmenter.read_margins("memory://maps") == {"a": 0.25, "b": 0.5}
    file.add("c", 0.75)
    file.close()
    again = MarginsFile("memory://maps")
    again.close()
    assert files.cat("/maps/margins.csv").decode() == (
        "image_id,mean_margin\na,0.250000\nb,0.500000\nc,0.750000\n"
    )
    files.store.clear()
