"""Every binary is installed, explains itself and has tests of its flags."""

import configparser
import importlib
import os
import pkgutil
import shlex
import stat
import subprocess
import sys

import programs
import pytest
from absl import flags
from binary_calls import own_flags

import guided_segmentation

every_binary = pytest.mark.parametrize("name", programs.NAMES)


def test_exactly_the_binaries_are_installed():
    metadata = configparser.ConfigParser()
    metadata.read(programs.ROOT / "setup.cfg")
    scripts = metadata["options"]["scripts"].split()
    names = ["_environment.py", *programs.NAMES]
    assert scripts == [f"bin/{name}" for name in names]


@every_binary
def test_a_binary_is_an_executable_python_program(name):
    path = programs.ROOT / "bin" / name
    assert path.stat().st_mode & stat.S_IXUSR
    assert path.read_text().startswith("#!/usr/bin/env python3\n")


@every_binary
def test_help_shows_the_docstring_with_an_example(launcher, name):
    shown = launcher.run(name, "--help")
    assert shown.returncode == 1  # absl's way.
    with programs.loaded(name) as program:
        docstring = program.__doc__
    assert docstring.strip() in shown.stdout
    assert f"bin/{name} --" in docstring
    assert docstring.splitlines()[0].endswith(".")


@every_binary
@pytest.mark.parametrize("wrong", ["--no_such_flag", "--debug=perhaps"])
def test_flags_are_shown_and_checked_before_tensorflow_loads(
    launcher, name, wrong
):
    """The process is one in which importing TensorFlow or Keras fails."""
    for flag in ("--help", "--helpfull"):
        shown = launcher.run_without_tensorflow(name, flag)
        assert (shown.returncode, shown.stderr) == (1, "")
    refused = launcher.run_without_tensorflow(name, wrong)
    assert refused.returncode == 1
    assert "was loaded" not in refused.stderr
    assert wrong.removeprefix("--").split("=")[0] in refused.stderr


def test_without_tensorflow_a_training_fails(launcher, tmp_path):
    done = launcher.run_without_tensorflow(
        "train_seeder", f"--work_dir={tmp_path}"
    )
    assert done.returncode == 1
    assert "RuntimeError: tensorflow was loaded" in done.stderr


def test_help_of_a_whole_process_needs_no_tensorflow(launcher):
    path = os.pathsep.join(
        map(str, (programs.WITHOUT_TENSORFLOW, programs.ROOT))
    )
    shown = subprocess.run(
        [sys.executable, programs.ROOT / "bin" / "make_seeds", "--help"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stderr == ""
    assert shown.stdout == launcher.run("make_seeds", "--help").stdout


@every_binary
def test_help_shows_the_flags_that_the_binary_defines(launcher, name):
    shown = launcher.run(name, "--help").stdout.replace("[no]", "")
    with programs.loaded(name) as program:
        own = own_flags(program)
    assert own
    assert not [each for each in own if f"--{each}:" not in shown]


def examples(name):
    """Command lines of the examples in the docstring of a binary."""
    with programs.loaded(name) as program:
        text = program.__doc__.replace("\\\n", " ")
    return [
        shlex.split(line)[1:]
        for line in text.splitlines()
        if line.strip().startswith(f"bin/{name} --")
    ]


@every_binary
def test_help_opens_with_a_sentence_and_an_example(name):
    with programs.loaded(name) as program:
        sentence, example = program.__doc__.split("\n\n")[:2]
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert example.removeprefix("Example:\n").startswith(f"  bin/{name} --")


@every_binary
def test_the_examples_of_a_docstring_fit_the_binary(launcher, name):
    assert examples(name)
    for example in examples(name):
        done = launcher.run(name, *example, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, "")


def test_only_the_modules_of_flags_define_flags():
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(
            guided_segmentation.__path__, "guided_segmentation."
        )
    ]
    defining = {
        module.__name__
        for module in modules
        if flags.FLAGS.flags_by_module_dict().get(module.__name__)
    }
    assert all(name in programs.FLAGS_MODULES for name in defining)


@every_binary
def test_the_flags_of_every_binary_are_tested(name):
    test = programs.ROOT / "tests" / "bin" / f"{name}_test.py"
    assert f"def test_flags_reach_what_{name}_calls(" in test.read_text()
