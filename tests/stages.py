"""Stages whose program appends a letter, for tests of what runs stages."""

import json
import os
import pathlib
import subprocess
import sys
import textwrap
import time

from guided_segmentation.experiments import runner
from guided_segmentation.experiments.ledger import Stage

# Appends a letter to its output; waits while there is a file that says so.
WRITER = """
import pathlib, sys, time
output, letter, *inputs = sys.argv[1:]
path = pathlib.Path(output)
path.mkdir(parents=True, exist_ok=True)
print(f"working on {letter}", flush=True)
(path / "begun").write_text(letter)
while (path.parent / f"wait_{letter}").exists():
    time.sleep(0.02)
text = "".join(pathlib.Path(each, "text").read_text() for each in inputs)
(path / "text").write_text(text + letter)
with (path.parent / "calls").open("a") as calls:
    calls.write(letter)
"""
A = Stage("first", ("writer", "{work_dir}/a", "a"), "a")
B = Stage(
    "second", ("writer", "{work_dir}/b", "b", "{work_dir}/a"), "b", ("first",)
)
C = Stage(
    "third", ("writer", "{work_dir}/c", "c", "{work_dir}/b"), "c", ("second",)
)
D = Stage("aside", ("writer", "{work_dir}/d", "d"), "d")
PLAN = [A, B, C, D]
OTHER_B = Stage(
    "second", ("writer", "{work_dir}/b", "x", "{work_dir}/a"), "b", ("first",)
)


def write_binaries(folder):
    """Writes the program of PLAN."""
    folder.mkdir()
    (folder / "writer").write_text(WRITER)
    return folder


def write_reader(folder):
    """Writes a program that does the same and takes flags."""
    text = WRITER.replace(
        "= sys.argv[1:]", "= [a for a in sys.argv[1:] if a[0] != '-']"
    )
    (folder / "reader").write_text(text)


def script(bin_dir, name, text):
    (bin_dir / name).write_text(textwrap.dedent(text))
    return Stage(name, (name, "{work_dir}/out"), "out")


def calls(work_dir):
    return (work_dir / "calls").read_text()


def records(work_dir):
    return json.loads((work_dir / "stages.json").read_text())


def begin(bin_dir, work_dir, *names):
    """Starts a run of PLAN in a process of its own."""
    program = (
        "import sys, tests_plan as t;"
        "from guided_segmentation.experiments import runner;"
        "runner.run(t.PLAN, *sys.argv[1:])"
    )
    (bin_dir / "tests_plan.py").write_text(
        "from guided_segmentation.experiments.ledger import Stage\n"
        f"PLAN = {PLAN!r}\n"
    )
    root = pathlib.Path(runner.__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", program, work_dir, bin_dir],
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{bin_dir}"},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(path):
    deadline = time.monotonic() + 120  # Imports take long on a busy machine.
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)
