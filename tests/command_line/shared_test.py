"""Recipes and models of the package are found from every folder."""

import pathlib

import pytest

from guided_segmentation.command_line import shared


@pytest.fixture
def root(monkeypatch, tmp_path):
    """A folder of shared files; the current folder is another one."""
    (tmp_path / "share" / "flags").mkdir(parents=True)
    (tmp_path / "share" / "flags" / "a.flags").write_text("--num_steps=3")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(shared, "ROOTS", (tmp_path / "share",))
    return tmp_path / "share"


def test_what_is_in_the_current_folder_wins(root):
    assert shared.find("flags/a.flags") == root / "flags/a.flags"
    pathlib.Path("flags").mkdir()
    pathlib.Path("flags/a.flags").write_text("")
    assert shared.find("flags/a.flags") == pathlib.Path("flags/a.flags")


@pytest.mark.parametrize("path", ["flags/b.flags", "a.flags", "/a", ""])
def test_what_is_nowhere_stays_as_it_is(root, path):
    (root / "a.flags").write_text("not in a folder that is shared")
    assert shared.find(path) == pathlib.Path(path)


def test_a_checkout_has_recipes_and_models(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for folder in shared.FOLDERS:
        assert shared.find(folder).is_dir()
