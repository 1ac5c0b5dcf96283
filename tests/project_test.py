"""Files of the project that name each other stay in step."""

import configparser
import re

import programs
import pytest

SETUP = configparser.ConfigParser()
SETUP.read(programs.ROOT / "setup.cfg")


def read(name):
    return (programs.ROOT / name).read_text()


def test_pre_commit_runs_what_make_lint_runs():
    recipe = re.search(r"^lint:.*\n((?:\t.+\n)+)", read("Makefile"), re.M)[1]
    linted = re.findall(r"^\t\$\(BIN\)/(.+)$", recipe, re.M)
    hooks = re.findall(r"entry: (.+)", read(".pre-commit-config.yaml"))
    assert linted == hooks


def test_the_workflow_runs_what_ci_runs_here():
    workflow = read(".github/workflows/ci.yml")
    assert re.findall(r"- run: (.+)", workflow) == [".ci/run"]


def requirements():
    extras = SETUP["options.extras_require"].values()
    for text in (SETUP["options"]["install_requires"], *extras):
        for line in text.strip().splitlines():
            if not line.startswith(("#", "guided_segmentation[")):
                yield line


# What the tools of packaging need of themselves, and versions by date.
UNBOUNDED = {"setuptools", "wheel", "furo"}


@pytest.mark.parametrize("line", sorted(set(requirements())))
def test_a_dependency_stops_before_its_next_major_release(line):
    name, _, versions = line.partition(" ")
    assert "==" in versions or ">=" in versions
    assert "==" in versions or "<" in versions or name in UNBOUNDED


@pytest.mark.parametrize(
    "path", sorted(SETUP["mypy"]["files"].replace(",", "").split())
)
def test_a_module_whose_types_are_checked_exists(path):
    assert (programs.ROOT / path).exists()
