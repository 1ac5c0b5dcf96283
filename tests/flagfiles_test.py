"""Flagfiles are read as absl reads them, from every folder."""

import pathlib

import programs
import pytest
from absl import flags

from guided_segmentation import flagfiles

FLAGFILES = sorted((programs.ROOT / "flags").rglob("*.flags"))


@pytest.mark.parametrize(
    "path",
    FLAGFILES,
    ids=lambda path: str(path.relative_to(programs.ROOT / "flags")),
)
def test_a_recipe_is_read_as_absl_reads_it(monkeypatch, tmp_path, path):
    name = path.relative_to(programs.ROOT)
    arguments = ["--seed=1", f"--flagfile={name}", "--seed=2"]
    monkeypatch.chdir(programs.ROOT)
    expected = flags.FlagValues().read_flags_from_files(arguments)
    assert flagfiles.expand(arguments) == expected
    monkeypatch.chdir(tmp_path)
    assert flagfiles.expand(arguments) == expected


@pytest.fixture
def flagfile(tmp_path):
    path = tmp_path / "a.flags"
    path.write_text("# Why.\n\n// Old.\n  --seeds_args=--a=1 --b=2  \n--flip\n")
    return path


@pytest.mark.parametrize("form", ["--flagfile={}", "-flagfile={}"])
def test_comments_and_blank_lines_are_skipped(flagfile, form):
    expected = ["--seeds_args=--a=1 --b=2", "--flip"]
    assert flagfiles.expand([form.format(flagfile)]) == expected


def test_the_name_may_be_an_argument_of_its_own(flagfile):
    expanded = flagfiles.expand(["--flagfile", str(flagfile), "--x"])
    assert expanded == ["--seeds_args=--a=1 --b=2", "--flip", "--x"]


def test_nothing_is_expanded_after_two_dashes(flagfile):
    arguments = ["--", f"--flagfile={flagfile}"]
    assert flagfiles.expand(arguments) == arguments


@pytest.mark.parametrize("argument", ["--flagfile=no.flags", "--flagfile="])
def test_a_file_that_does_not_exist_is_left_to_absl(argument):
    assert flagfiles.expand([argument]) == [argument]


def test_a_file_that_includes_itself_is_refused(tmp_path):
    (tmp_path / "a").write_text(f"--flagfile={tmp_path}/b")
    (tmp_path / "b").write_text(f"--flagfile={tmp_path}/a")
    with pytest.raises(flags.Error, match=r"/a includes itself; remove that"):
        flagfiles.expand([f"--flagfile={tmp_path}/a"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "Unable to open"),
        ("--flagfile={}", "error: flagfile {} includes itself"),
    ],
)
def test_a_binary_reports_a_wrong_flagfile(launcher, tmp_path, content, told):
    path = tmp_path / "a.flags"
    if content:
        path.write_text(content.format(path))
    done = launcher.run("make_seeds", f"--flagfile={path}")
    assert done.returncode == 1
    assert told.format(path).lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr


@pytest.fixture
def root(monkeypatch, tmp_path):
    """A folder of shared files; the current folder is another one."""
    (tmp_path / "share" / "flags").mkdir(parents=True)
    (tmp_path / "share" / "flags" / "a.flags").write_text("--num_steps=3")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(flagfiles, "ROOTS", (tmp_path / "share",))
    return tmp_path / "share"


def test_what_is_in_the_current_folder_wins(root):
    assert flagfiles.find("flags/a.flags") == root / "flags/a.flags"
    pathlib.Path("flags").mkdir()
    pathlib.Path("flags/a.flags").write_text("")
    assert flagfiles.find("flags/a.flags") == pathlib.Path("flags/a.flags")


@pytest.mark.parametrize("path", ["flags/b.flags", "a.flags", "/a", ""])
def test_what_is_nowhere_stays_as_it_is(root, path):
    (root / "a.flags").write_text("not in a folder that is shared")
    assert flagfiles.find(path) == pathlib.Path(path)


def test_a_checkout_has_recipes_and_models(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for folder in flagfiles.FOLDERS:
        assert flagfiles.find(folder).is_dir()
