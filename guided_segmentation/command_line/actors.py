"""A binary in an actor of a cluster: the same flags, on some of the images.

Nothing here loads TensorFlow: an actor sets its number of threads first.
"""

import contextlib
import importlib
import os
import pathlib
import sys
import traceback
import types
from collections.abc import Callable

from absl import flags

from guided_segmentation import engines


def open_work(
    binary: str, arguments: list[str], folder: str, output_dir: str
) -> Callable[[list[str]], list[engines.Row]]:
    """Opens in an actor what a binary was called to do.

    Args:
      binary: Name of the binary. It defines `work`, a function from the
        arguments that are no flags to engines.Work.
      arguments: Flags and arguments of its call.
      folder: Where it was called; relative paths start there.
      output_dir: Folder of its output, which it has created.

    Returns:
      What makes blocks of images.

    Raises:
      ValueError: If this machine does not see the output folder.
    """
    with contextlib.suppress(OSError):
        os.chdir(folder)
    _require_seen(output_dir)
    program = _loaded(binary)
    names = flags.FLAGS([binary, *arguments])[1:]
    return engines.BlockMaker(program.work(names), _line)


def _loaded(name: str) -> types.ModuleType:
    """Runs the file of a binary, which defines its flags, without `main`."""
    binaries = importlib.import_module(
        "guided_segmentation.own_photographs.binaries"
    )
    folder = binaries.folder()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # As Python does for a script in it.
    program = types.ModuleType(name)
    program.__file__ = str(folder / name)
    code = pathlib.Path(program.__file__).read_text()
    exec(compile(code, program.__file__, "exec"), vars(program))
    return program


def _require_seen(output_dir: str) -> None:
    """Checks that files that are written here are seen where they are wanted.

    Args:
      output_dir: A folder that the binary has created; or a URL, which every
        machine sees.
    """
    if "://" in output_dir or os.path.isdir(output_dir):
        return
    errors = importlib.import_module("guided_segmentation.errors")
    raise errors.InputError(
        f"{output_dir}: wanted a folder that all machines of the cluster see, "
        f"found none on {os.uname().nodename}; give one of a shared disk"
    )


def _line(error: Exception) -> str:
    """The line of an error; of a mistake of the program, in the log too."""
    app = importlib.import_module("guided_segmentation.command_line.app")
    line = app.line(error)
    if line is not None:
        return line
    traceback.print_exception(error)
    return f"{type(error).__name__}: {error}"
