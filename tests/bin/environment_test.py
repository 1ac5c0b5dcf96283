"""A binary called outside the environment says in one line what to do."""

import os
import re
import subprocess
import sys

import programs
import pytest

WITHOUT_PACKAGES = [sys.executable, "-S"]


def run(name, **environment):
    path = programs.ROOT / "bin" / name
    return subprocess.run(
        [*WITHOUT_PACKAGES, path],
        env={**os.environ, "PYTHONPATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def told(missing):
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return (
        rf"error: wanted an environment with {missing}, found none in "
        rf"{re.escape(sys.executable)}; run `make install` and "
        rf"`source \.venv/{version}/bin/activate`, or `pip install -e \.`\n"
    )


@pytest.mark.parametrize("name", programs.NAMES)
def test_without_packages_one_line_says_what_to_do(name):
    done = run(name)
    assert done.returncode == 1
    assert re.fullmatch(told("absl"), done.stderr)


@pytest.mark.parametrize(
    "installed", [("absl",), ("absl", "tensorflow")], ids=len
)
def test_the_line_names_what_is_missing(tmp_path, installed):
    for package in installed:
        (tmp_path / package).mkdir()
    done = run("make_seeds", PYTHONPATH=str(tmp_path))
    missing = "tensorflow" if len(installed) == 1 else "guided_segmentation"
    assert re.fullmatch(told(missing), done.stderr)
