"""Every binary of bin/: installed, explained, and true to its flags."""

import configparser
import contextlib
import importlib
import os
import pkgutil
import stat
from unittest import mock

import programs
import pytest
from absl import flags
from absl.testing import flagsaver

import guided_segmentation
from guided_segmentation import (
    common_flags,
    crf,
    experiments,
    guides,
    stages,
    training_flags,
)
from guided_segmentation.datasets import synthetic
from guided_segmentation.saliency import grabcut
from guided_segmentation.training import optimizers, trainer

FLAGFILES = sorted(
    path
    for path in (programs.ROOT / "flags").iterdir()
    if path.name != "common.flags"
)
every_binary = pytest.mark.parametrize("name", programs.NAMES)


@pytest.fixture(scope="module")
def launcher():
    found = programs.Launcher()
    yield found
    found.close()


@contextlib.contextmanager
def called(name, *replaced, **given):
    """Calls main of bin/`name` with flags, and other functions in place.

    Args:
      name: Of the binary.
      *replaced: (object, attribute) of the functions that do the work.
      **given: Flags as a user would type them.

    Yields:
      A mock for each of `replaced`, and the program.
    """
    with contextlib.ExitStack() as stack:
        program = stack.enter_context(programs.loaded(name))
        stack.enter_context(flagsaver.as_parsed(**given))
        mocks = [
            stack.enter_context(mock.patch.object(*each)) for each in replaced
        ]
        program.main([name])
        yield *mocks, program


# Installation and help.


def test_exactly_the_binaries_are_installed():
    metadata = configparser.ConfigParser()
    metadata.read(programs.ROOT / "setup.cfg")
    scripts = metadata["options"]["scripts"].split()
    assert scripts == [f"bin/{name}" for name in programs.NAMES]


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
def test_help_shows_the_binarys_own_flags(launcher, name):
    shown = launcher.run(name, "--help").stdout
    before = set(flags.FLAGS)
    with programs.loaded(name):
        own = set(flags.FLAGS) - before
    assert own
    missing = [f for f in own if f"--{f}:" not in shown.replace("[no]", "")]
    assert not missing


@every_binary
def test_the_example_of_a_docstring_fits_the_binary(launcher, name):
    with programs.loaded(name) as program:
        text = program.__doc__.replace("\\\n", " ")
    examples = [
        line.split()[1:]
        for line in text.splitlines()
        if line.strip().startswith(f"bin/{name} --")
    ]
    assert examples
    for example in examples:
        unquoted = [each.replace('"', "") for each in example]
        done = launcher.run(name, *unquoted, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_a_flagfile_fits_its_binary(launcher, path):
    binary = path.read_text().removeprefix("# bin/").partition(":")[0]
    assert binary in programs.NAMES
    done = launcher.run(binary, f"--flagfile={path}", "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", FLAGFILES, ids=lambda path: path.stem)
def test_the_flags_of_a_flagfile_fit_the_binaries_of_all_stages(launcher, path):
    lines = path.read_text().splitlines()
    given = [f"--flagfile={path}", "--work_dir=unused"]
    for command in plan_of(given):
        name, *arguments = command
        done = launcher.run(name, *arguments, "--only_check_args")
        assert (done.returncode, done.stderr) == (0, ""), command
    assert lines


def plan_of(given):
    """Commands of the stages that bin/run_experiment would run."""
    with (
        programs.loaded("run_experiment") as program,
        flagsaver.flagsaver(),
        contextlib.chdir(programs.ROOT),
    ):
        flags.FLAGS(["run_experiment", *given])
        plan = experiments.plan(program.settings())
    return [stage.command for stage in plan]


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
    assert defining == set(programs.FLAGS_MODULES)


# Flags reach the functions that do the work. One of each pair of values
# departs from its default.


def test_flags_reach_the_writer_of_drawn_scenes():
    with called(
        "prepare_dataset",
        (synthetic, "write"),
        output_dir="/d",
        num_train="2",
        num_val="3",
        num_test="4",
        num_saliency="5",
        seed="6",
        image_size="33,41",
    ) as (write, program):
        pass
    assert write.call_args == mock.call(
        "/d",
        num_images={"train": 2, "val": 3, "test": 4},
        num_saliency_images=5,
        seed=6,
        size=(33, 41),
    )
    assert program.WRITERS
