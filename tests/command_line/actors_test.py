"""A binary in an actor: its flags, and what it makes of some images."""

import os

import programs
import pytest
from absl import flags
from absl.testing import flagsaver

from guided_segmentation import artifacts, engines
from guided_segmentation.command_line import actors
from guided_segmentation.datasets import synthetic
from guided_segmentation.errors import InputError


@pytest.fixture
def flags_of_its_own(monkeypatch, tmp_path):
    """Restores flags and the current folder, which an actor sets.

    An actor has the flags of one binary. Those that others require are here.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        type(flags.FLAGS), "validate_all_flags", lambda values: None
    )
    with programs.restoring_flags(), flagsaver.flagsaver():
        yield


def test_a_binary_makes_the_images_it_is_given(flags_of_its_own, tmp_path):
    (tmp_path / "out").mkdir()
    make = actors.open_work(
        "make_guides",
        [
            "--guide=full",
            "--num_images=3",
            "--output_dir=out",
            "--engine=ray",
        ],
        str(tmp_path),
        "out",
    )
    source = synthetic.source("train", num_images=3)
    second = source.image_ids[1]
    assert make([second]) == [engines.Row(second, "", None)]
    (path,) = (tmp_path / "out").iterdir()
    assert path.name == f"{second}.png"
    guide = artifacts.read_label_map(path)
    assert guide.tolist() == source.label_map(second).tolist()


def test_a_folder_that_this_machine_does_not_see_is_told(
    flags_of_its_own, tmp_path
):
    with pytest.raises(
        InputError,
        match=rf"^out: wanted a folder that all machines of the cluster see, "
        rf"found none on {os.uname().nodename}; give one of a shared disk$",
    ):
        actors.open_work("make_guides", [], str(tmp_path), "out")


def test_an_error_of_the_program_is_told_in_a_line_and_in_the_log(capsys):
    assert actors._line(InputError("a bad file")) == "a bad file"
    assert capsys.readouterr().err == ""
    assert actors._line(TypeError("a bad call")) == "TypeError: a bad call"
    assert "TypeError: a bad call" in capsys.readouterr().err
