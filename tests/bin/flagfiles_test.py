"""Every recipe of flags/ fits its binary and those of its stages."""

import programs
import pytest
from absl import flags
from absl.testing import flagsaver

from guided_segmentation import (
    experiments,
)

FLAGFILES = sorted(
    path
    for path in (programs.ROOT / "flags").iterdir()
    if path.name != "common.flags"
)


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_a_flagfile_fits_its_binary(launcher, path):
    binary = path.read_text().removeprefix("# bin/").partition(":")[0]
    assert binary in programs.NAMES
    done = launcher.run(binary, f"--flagfile={path}", "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_a_flagfile_fits_the_binaries_of_all_stages(
    launcher, path, monkeypatch
):
    monkeypatch.chdir(programs.ROOT)  # Flagfiles name each other from there.
    with programs.loaded("run_experiment") as program, flagsaver.flagsaver():
        flags.FLAGS(["run_experiment", f"--flagfile={path}"])
        plan = experiments.plan(program.settings())
    assert plan
    for stage in plan:
        done = launcher.run(*stage.command, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), stage
