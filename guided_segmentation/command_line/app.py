"""How a binary runs: bad input ends it with one line, not a traceback."""

import builtins
import functools
import os
import pathlib
import re
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable

import tensorflow as tf
from absl import app as absl_app
from absl import flags, logging

from guided_segmentation.command_line import flagfiles

# Folders with one subfolder for each guide, such as runs/guides/g2.
_PER_GUIDE = ("guides", "segmenter", "predictions", "evaluation")

logging.set_verbosity(logging.WARNING)
tf.get_logger().setLevel("WARNING")


def command() -> str:
    """Returns the command line, with flags from flagfiles written out."""
    given = [
        line
        for name in sorted(flags.FLAGS)
        if flags.FLAGS[name].present
        for line in flags.FLAGS[name].serialize().splitlines()
    ]
    return shlex.join([pathlib.Path(sys.argv[0]).name, *given])


def json_path(output: str) -> pathlib.Path:
    """Returns the path of --output; other files of its name go beside it.

    Raises:
      ValueError: If its name does not end in .json.
    """
    path = pathlib.Path(output)
    if path.suffix != ".json":
        raise ValueError(f"--output: wanted a name in .json, found {path}")
    return path


def beside(path: str | os.PathLike, name: str) -> pathlib.Path:
    """Returns where another stage's results go by convention.

    Args:
      path: Result of one stage, such as runs/seeds or runs/guides/g2.
      name: Of the other results, such as "segmenter".

    Returns:
      The path of that name beside `path`: runs/segmenter for runs/seeds,
      runs/segmenter/g2 for runs/guides/g2.
    """
    path = pathlib.Path(path)
    if path.parent.name in _PER_GUIDE:
        return path.parent.parent / name / path.stem
    return path.parent / name


def done(made: str, binary: str | None = None, *arguments: str) -> None:
    """Prints on stderr what was made and which command comes next.

    Args:
      made: A sentence without its full stop, such as "seeds of 600 images are
        in runs/seeds".
      binary: Name of the binary to run next, if there is one.
      *arguments: Its flags.
    """
    line = f"done: {made}"
    if binary is not None:
        path = str(pathlib.Path(sys.argv[0]).with_name(binary))
        shown = binary if shutil.which(binary) == path else path
        line += f"; next: {shlex.join([shown, *arguments])}"
    print(line, file=sys.stderr)


def run(main: Callable[[list[str]], None]) -> None:
    """Runs a binary; bad input ends it with one line and exit code 1."""
    absl_app.run(functools.partial(guarded, main), flags_parser=_parse)


def guarded(main: Callable[[list[str]], None], argv: list[str]) -> None:
    """Calls `main`; reports bad input in one line instead of a traceback.

    Args:
      main: Takes what is left of the command line without its flags.
      argv: Name of the binary, and nothing else.

    Raises:
      SystemExit: With the line, on a ValueError or an OSError, also if it was
        raised in Python inside a tf.data pipeline, and on TensorFlow's own
        errors.
    """
    try:
        if argv[1:]:
            raise ValueError(
                f"wanted flags only, found {' '.join(argv[1:])!r}; write "
                f"--name=value"
            )
        main(argv)
    except (ValueError, OSError, tf.errors.OpError) as error:
        if _is_bug(error):
            raise
        # Frees iterators first; their Python threads deadlock interpreter
        # shutdown.
        traceback.clear_frames(error.__traceback__)
        sys.exit(f"error: {_cause(error)}")


def _parse(argv: list[str]) -> list[str]:
    """Parses the flags, and ends with a message if they are wrong."""
    try:
        expanded = flagfiles.expand(argv[1:])
    except flags.Error as error:
        sys.exit(f"error: {error}")
    return absl_app.parse_flags_with_usage([argv[0], *expanded])


def _is_bug(error: Exception) -> bool:
    """Whether a pipeline raised what bad input never does, e.g. KeyError."""
    if not isinstance(error, tf.errors.OpError):
        return False
    names = re.findall(r"^(\w+Error): ", error.message, re.M)
    kind = getattr(builtins, names[-1], ValueError) if names else ValueError
    return not issubclass(kind, (ValueError, OSError, TypeError))


def _cause(error: Exception) -> str:
    """The line that helps the user, of the many that TensorFlow writes."""
    if not isinstance(error, tf.errors.OpError):
        return str(error)
    raised = re.findall(r"^\w+Error: (.+)$", error.message, re.M)
    if raised:  # By Python code in a pipeline; the last one ends the chain.
        return raised[-1]
    message = error.message.partition("\n\t [[")[0].strip().splitlines()
    return re.sub(
        r"^\{\{.*?\}\} | \[Op:.*$", "", message[-1] if message else str(error)
    )
