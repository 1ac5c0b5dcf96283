"""Loads the binaries as modules, and runs them without the start-up time.

Importing TensorFlow takes seconds, a binary's own work often less. `Launcher`
starts a process that imports the libraries once and forks for each run; only
the binary defines flags. Run as a program, this file is that process.
"""

import concurrent.futures
import contextlib
import copy
import importlib
import json
import os
import pathlib
import pkgutil
import resource
import runpy
import subprocess
import sys
import traceback
import types
from collections.abc import Iterator

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


@contextlib.contextmanager
def loaded(name: str) -> Iterator[types.ModuleType]:
    """Imports bin/`name`; on exit its flags are removed again.

    Two binaries with a flag of the same name cannot be loaded together.
    """
    program = types.ModuleType(name)
    program.__file__ = str(ROOT / "bin" / name)
    source = pathlib.Path(program.__file__).read_text()
    with _own_flags():
        exec(compile(source, program.__file__, "exec"), vars(program))
        yield program


@contextlib.contextmanager
def _own_flags():
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


class Launcher:
    """Runs binaries, each in a fresh fork that has only imported libraries."""

    def __init__(self, root: pathlib.Path = ROOT, cwd: pathlib.Path = ROOT):
        """Starts the process.

        Args:
          root: Folder of the package and of bin/.
          cwd: Folder to run the binaries in.
        """
        path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path},
        )

    def run(
        self, name: str, *arguments: str, file_limit: int | None = None
    ) -> subprocess.CompletedProcess:
        """Runs bin/`name`.

        Args:
          name: Of the binary.
          *arguments: Of the command line.
          file_limit: Largest file it may write, in bytes; more fails as on a
            full disk.
        """
        request = json.dumps([name, arguments, file_limit])
        print(request, file=self.process.stdin, flush=True)
        code, out, err = json.loads(self.process.stdout.readline())
        return subprocess.CompletedProcess([name, *arguments], code, out, err)

    def close(self) -> None:
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _serve():
    _import_library()
    answers = os.fdopen(os.dup(1), "w")
    bin_dir = pathlib.Path(sys.argv[1], "bin")
    for line in sys.stdin:
        name, *request = json.loads(line)
        answer = _answer(bin_dir / name, *request)
        print(json.dumps(answer), file=answers, flush=True)


def _import_library():
    import guided_segmentation

    for module in pkgutil.walk_packages(
        guided_segmentation.__path__, "guided_segmentation."
    ):
        if "command_line" not in module.name:
            importlib.import_module(module.name)


def _answer(binary, arguments, file_limit):
    out, err = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(out[1], 1)
        os.dup2(err[1], 2)
        _be(binary, arguments, file_limit)
    os.close(out[1])
    os.close(err[1])
    with concurrent.futures.ThreadPoolExecutor() as pool:
        texts = list(pool.map(_read, (out[0], err[0])))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), *texts


def _read(descriptor):
    with os.fdopen(descriptor) as pipe:
        return pipe.read()


def _be(binary, arguments, file_limit):
    """Turns this fork into the binary of that path, and ends it."""
    code = 1
    try:
        if file_limit is not None:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, hard))
        sys.argv = [str(binary), *arguments]
        sys.path.insert(0, str(binary.parent))  # As Python does for a script.
        runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
