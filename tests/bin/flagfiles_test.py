"""The flagfiles of flags/ fit their binaries, and those of all stages."""

import programs
import pytest
from absl import flags
from absl.testing import flagsaver

from guided_segmentation import experiments
from guided_segmentation.experiments import flagfiles

FLAGFILES = sorted((programs.ROOT / "flags").glob("*/*.flags"))
EXPERIMENTS = [path for path in FLAGFILES if path.stem == "experiment"]


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", FLAGFILES, ids=name_of)
def test_a_flagfile_fits_its_binary(launcher, path):
    text = path.read_text()
    if text.startswith("# For "):  # Included by files that are tried here.
        users = [other for other in FLAGFILES if includes(other, path)]
        assert users
        return
    binary = text.removeprefix("# bin/").partition(":")[0]
    assert binary in programs.NAMES
    done = launcher.run(binary, f"--flagfile={path}", "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")


def includes(path, other):
    line = f"--flagfile={other.relative_to(programs.ROOT)}"
    return line in path.read_text().splitlines()


def planned(path):
    """The stages of an experiment's flagfile, and the flags of its files."""
    with programs.loaded("run_experiment") as program, flagsaver.flagsaver():
        flags.FLAGS(["run_experiment", f"--flagfile={path}"])
        files = flagfiles.read(program.STAGE_FLAGS.value)
        return experiments.plan(program.settings(files)), files


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_an_experiment_fits_the_binaries_of_all_stages(
    launcher, path, monkeypatch
):
    monkeypatch.chdir(programs.ROOT)  # Flagfiles name each other from there.
    plan, _ = planned(path)
    assert plan
    first = {stage.command[1:]: stage for stage in plan}
    for stage in first.values():
        done = launcher.run(*stage.command, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), stage


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_a_file_on_its_own_does_what_the_stage_of_an_experiment_does(
    path, monkeypatch
):
    """But for --crf_dir, which an experiment gives only with --crf."""
    monkeypatch.chdir(programs.ROOT)
    plan, files = planned(path)
    commands = [{*stage.command} - {f"{CRF_DIR}/crf"} for stage in plan]
    for own in path.parent.glob("*.flags"):
        text = own.read_text()
        if text.startswith("# For ") or own == path:
            continue
        binary = text.removeprefix("# bin/").partition(":")[0]
        alone = {binary, *files[own.stem]} - {f"{CRF_DIR}/crf"}
        assert alone in commands, own


CRF_DIR = "--crf_dir={work_dir}/predictions/g2"
