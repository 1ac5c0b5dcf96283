"""How a binary runs: one line instead of a traceback for bad input."""

import builtins
import functools
import pathlib
import re
import shlex
import sys
import traceback
from collections.abc import Callable

import tensorflow as tf
from absl import app as absl_app
from absl import flags, logging

logging.set_verbosity(logging.WARNING)
tf.get_logger().setLevel("WARNING")


def command() -> str:
    """Returns the command at hand, flags that flagfiles gave included."""
    given = [
        line
        for name in sorted(flags.FLAGS)
        if flags.FLAGS[name].present
        for line in flags.FLAGS[name].serialize().splitlines()
    ]
    return shlex.join([pathlib.Path(sys.argv[0]).name, *given])


def json_path(output: str) -> pathlib.Path:
    """Returns the path of --output, beside which files of its name may lie.

    Raises:
      ValueError: If its name does not end in .json.
    """
    path = pathlib.Path(output)
    if path.suffix != ".json":
        raise ValueError(f"--output: wanted a name in .json, found {path}")
    return path


def run(main: Callable[[list[str]], None]) -> None:
    """Runs a binary; bad input ends it with one line and exit code 1."""
    absl_app.run(functools.partial(guarded, main))


def guarded(main: Callable[[list[str]], None], argv: list[str]) -> None:
    """Calls `main`, and tells bad input in one line instead of a traceback.

    Args:
      main: Takes what is left of the command line without its flags.
      argv: Name of the binary, and nothing else.

    Raises:
      SystemExit: With the line, on a ValueError or an OSError, also where
        TensorFlow carries it out of a stage, and on TensorFlow's own errors.
    """
    try:
        if argv[1:]:
            raise ValueError(
                f"wanted flags only, found {' '.join(argv[1:])!r}; write "
                f"--name=value"
            )
        main(argv)
    except (ValueError, OSError, tf.errors.OpError) as error:
        if _is_mistake(error):
            raise
        # Lets go of pipelines, whose threads call Python: its end would wait
        # for them, and they for it.
        traceback.clear_frames(error.__traceback__)
        sys.exit(f"error: {_cause(error)}")


def _is_mistake(error: Exception) -> bool:
    """Whether a stage raised what no bad input raises, such as KeyError."""
    if not isinstance(error, tf.errors.OpError):
        return False
    names = re.findall(r"^(\w+Error): ", error.message, re.M)
    kind = getattr(builtins, names[-1], ValueError) if names else ValueError
    return not issubclass(kind, (ValueError, OSError, TypeError))


def _cause(error: Exception) -> str:
    """The line that a person can use, of the many that TensorFlow writes."""
    if not isinstance(error, tf.errors.OpError):
        return str(error)
    raised = re.findall(r"^\w+Error: (.+)$", error.message, re.M)
    if raised:  # In Python, inside a stage, after what it was raised from.
        return raised[-1]
    said = error.message.partition("\n\t [[")[0].strip().splitlines()
    return re.sub(
        r"^\{\{.*?\}\} | \[Op:.*$", "", said[-1] if said else str(error)
    )
