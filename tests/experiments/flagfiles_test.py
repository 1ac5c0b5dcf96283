"""Flagfiles are read with what they include, and moved to a work_dir."""

import programs
import pytest

from guided_segmentation import experiments
from guided_segmentation.errors import InputError
from guided_segmentation.experiments import flagfiles


def write(folder, name, *lines):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.flags").write_text("\n".join(["# A comment.", *lines]))
    return folder


def test_nested_files_are_read_and_the_last_flag_counts(tmp_path):
    shared = write(tmp_path, "shared", "--a=1", "--flip", "--b=x y")
    nested = f"--flagfile={shared}/shared.flags"
    write(tmp_path, "seeder", "--c=0", nested, "--noflip", "--c=2")
    found = flagfiles.lines(tmp_path / "seeder.flags")
    assert found == ["--a=1", "--b=x y", "--noflip", "--c=2"]


def test_the_first_folder_with_a_file_counts(tmp_path):
    own = write(tmp_path / "own", "seeder", "--a=1")
    base = write(tmp_path / "base", "seeder", "--a=2")
    write(base, "seeds", "--b=2")
    found = flagfiles.read([own, base])
    assert found == {"seeder": ("--a=1",), "seeds": ("--b=2",)}


def test_paths_below_the_folder_of_an_experiment_move_with_it(tmp_path):
    base = write(tmp_path / "base", "experiment", "--work_dir=runs/base")
    write(base, "seeds", "--seeder_dir=runs/base/seeder", "--x=runs/base_2")
    own = write(tmp_path / "own", "experiment", "--work_dir=runs/own")
    write(own, "guides", "--saliency_dir=runs/own/maps", "--y=runs/base/seeds")
    assert flagfiles.read([own, base]) == {
        "guides": ("--saliency_dir={work_dir}/maps", "--y={work_dir}/seeds"),
        "seeds": ("--seeder_dir={work_dir}/seeder", "--x=runs/base_2"),
    }


def test_a_folder_without_flagfiles_is_refused(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"^--stage_flags: wanted a folder .* found none",
    ):
        flagfiles.read([tmp_path])


def test_a_nested_file_that_is_not_there_is_named(tmp_path):
    write(tmp_path, "seeder", "--flagfile=nowhere.flags")
    with pytest.raises(
        FileNotFoundError, match=r"seeder.flags: .*nowhere.flags.*; run from"
    ):
        flagfiles.lines(tmp_path / "seeder.flags")


def test_a_file_that_includes_itself_is_named(tmp_path):
    write(tmp_path, "seeder", f"--flagfile={tmp_path}/seeder.flags")
    with pytest.raises(InputError, match=r"seeder.flags includes itself"):
        flagfiles.lines(tmp_path / "seeder.flags")


def test_the_packages_files_are_found_from_every_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(programs.ROOT)
    expected = flagfiles.read(["flags/demo"])
    assert {"seeder", "data"} <= expected.keys()
    monkeypatch.chdir(tmp_path)
    assert flagfiles.read(["flags/demo"]) == expected


@pytest.mark.parametrize(
    ("flag", "name"),
    [
        ("--a=no", "a"),
        ("--flip", "flip"),
        ("--noflip", "flip"),
        ("--no=1", "no"),
    ],
)
def test_a_flag_has_the_name_that_it_is_defined_by(flag, name):
    assert flagfiles.flag_name(flag) == name


SHARED = {"data", "experiment", "labeller", "network"}
# The saliency net of the package was trained by single binaries.
NO_EXPERIMENT = "saliency_builtin"
FOLDERS = sorted(
    folder
    for folder in (programs.ROOT / "flags").iterdir()
    if folder.name != NO_EXPERIMENT
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_every_file_of_an_experiment_is_one_that_is_read(folder):
    names = {path.stem for path in folder.iterdir()}
    assert "experiment" in names
    assert names <= {*experiments.MORE} | SHARED


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_shipped_files_hold_no_quoted_flags_and_one_folder(folder):
    for path in folder.iterdir():
        text = path.read_text()
        assert "_args=" not in text
        assert text.startswith(("# bin/", "# For "))
    (work_dir,) = (
        line
        for line in (folder / "experiment.flags").read_text().splitlines()
        if line.startswith("--work_dir=")
    )
    assert work_dir == f"--work_dir=runs/{folder.name}"
