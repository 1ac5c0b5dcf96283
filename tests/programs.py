"""Loads the binaries as modules, and runs them without the start-up time.

Importing TensorFlow takes seconds, a binary's own work often less. `Launcher`
starts a process that imports the libraries once and forks for each run; only
the binary defines flags. Where a binary only checks or shows its flags, that
process has no TensorFlow. launched.py is such a process.
"""

import contextlib
import copy
import functools
import importlib
import json
import os
import pathlib
import pkgutil
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator

from absl import flags

from guided_segmentation import artifacts, command_line
from guided_segmentation.networks import builders, weights

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMES = sorted(
    path.name
    for path in (ROOT / "bin").iterdir()
    if path.is_file() and path.suffix != ".py"
)
FLAGS_MODULES = tuple(
    f"guided_segmentation.command_line.{module.name}"
    for module in pkgutil.iter_modules(command_line.__path__)
)
# Its tensorflow and keras raise an error when they load.
WITHOUT_TENSORFLOW = pathlib.Path(__file__).with_name("without_tensorflow")
_LAUNCHED = pathlib.Path(__file__).with_name("launched.py")
_NO_RUN = {"--help", "--helpfull", "--only_check_args"}


@contextlib.contextmanager
def loaded(name: str) -> Iterator[types.ModuleType]:
    """Imports bin/`name`; on exit its flags are removed again.

    Two binaries with a flag of the same name cannot be loaded together.
    """
    program = types.ModuleType(name)
    program.__file__ = str(ROOT / "bin" / name)
    source = pathlib.Path(program.__file__).read_text()
    with restoring_flags():
        exec(compile(source, program.__file__, "exec"), vars(program))
        yield program


@contextlib.contextmanager
def restoring_flags():
    """Allows flags to be defined again, and restores the earlier ones."""
    for module in FLAGS_MODULES:
        importlib.import_module(module)
    before = {name: flags.FLAGS[name] for name in flags.FLAGS}
    tables = [  # Which module defines what.
        (table, {key: copy.copy(table[key]) for key in table})
        for name, table in vars(flags.FLAGS).items()
        if "by_module" in name
    ]
    for flag in before.values():
        flag.allow_override = True
    try:
        yield
    finally:
        for name in set(flags.FLAGS) - before.keys():
            delattr(flags.FLAGS, name)
        for name, flag in before.items():
            if flags.FLAGS[name] is not flag:
                flags.FLAGS[name] = flag
        for flag in before.values():
            flag.allow_override = False
        for table, content in tables:
            table.clear()
            table.update(content)


def write_seeder(
    folder: pathlib.Path, objects: list[str], name: str = "gap_roi"
) -> None:
    """Writes a run of bin/train_seeder with random weights."""
    spec = {"name": name, "num_objects": len(objects), "width_multiplier": 0.02}
    spec["head_channels"] = 2
    size = 193 if name == "vgg16" else 17
    settings = {"network": spec, "input_size": size, "objects": objects}
    artifacts.write_json(folder / "settings.json", settings)
    weights.save(builders.build(spec), folder / "weights.npz")


class Running:
    """A binary at work, the leader of a group of processes.

    Attributes:
      pid: Of the process.
      returncode: The exit code, minus the number of a signal, or None.
    """

    def __init__(self, pid: int, ask: Callable[[], int | None]):
        """Asks for the exit code where it is needed."""
        self.pid, self.returncode, self._ask = pid, None, ask

    def poll(self) -> int | None:
        """Returns the exit code, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._ask()
        return self.returncode

    def wait(self, timeout: float) -> None:
        """Waits for its end, at most so many seconds."""
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < deadline, "it hangs"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kills the whole group, as a machine does that fails."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class Launcher:
    """Runs binaries, each in a fresh fork that has only imported libraries."""

    def __init__(self, root: pathlib.Path = ROOT, cwd: pathlib.Path = ROOT):
        """Starts nothing before the first run.

        Args:
          root: Folder of the package and of bin/.
          cwd: Folder to run the binaries in.
        """
        self.root, self.cwd = root, cwd
        self._processes: dict[bool, subprocess.Popen] = {}

    def run(
        self, name: str, *arguments: str, file_limit: int | None = None
    ) -> subprocess.CompletedProcess:
        """Runs bin/`name`; without TensorFlow if it ends with its flags.

        Args:
          name: Of the binary.
          *arguments: Of the command line.
          file_limit: Largest file it may write, in bytes; more fails as on a
            full disk.
        """
        has_tensorflow = _NO_RUN.isdisjoint(arguments)
        return self._run(has_tensorflow, name, arguments, file_limit)

    def run_without_tensorflow(
        self, name: str, *arguments: str
    ) -> subprocess.CompletedProcess:
        """Runs bin/`name`; it fails where it uses TensorFlow or Keras."""
        return self._run(False, name, arguments, None)

    def begin(
        self, name: str, *arguments: str, output: pathlib.Path
    ) -> "Running":
        """Starts bin/`name` as the leader of a group of processes.

        Args:
          name: Of the binary.
          *arguments: Of the command line.
          output: File to write what it says to.
        """
        pid = self._call(True, "begin", name, arguments, str(output))
        return Running(pid, functools.partial(self._call, True, "poll", pid))

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes.values():
            process.stdin.close()
            process.wait()
            process.stdout.close()

    def _run(self, has_tensorflow, name, arguments, file_limit):
        code, out, err = self._call(
            has_tensorflow, "run", name, arguments, file_limit
        )
        return subprocess.CompletedProcess([name, *arguments], code, out, err)

    def _call(self, has_tensorflow, *request):
        if has_tensorflow not in self._processes:
            self._processes[has_tensorflow] = self._start(has_tensorflow)
        process = self._processes[has_tensorflow]
        print(json.dumps(request), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    def _start(self, has_tensorflow):
        folders = [self.root, os.environ.get("PYTHONPATH", "")]
        if not has_tensorflow:
            folders.insert(0, WITHOUT_TENSORFLOW)
        return subprocess.Popen(
            [sys.executable, _LAUNCHED, str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self.cwd,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(map(str, folders)),
            },
        )
