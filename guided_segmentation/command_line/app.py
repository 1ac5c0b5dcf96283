"""How a binary runs: bad input ends it with one line, not a traceback."""

import functools
import logging as python_logging
import pathlib
import re
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable, Sequence

import tensorflow as tf
from absl import app as absl_app
from absl import flags, logging

from guided_segmentation import artifacts, flagfiles
from guided_segmentation.command_line import url_flags
from guided_segmentation.errors import InputError

DEBUG = flags.DEFINE_bool(
    "debug",
    False,
    "Show the traceback of every error. Otherwise bad input ends a binary with "
    "one line.",
)
_OF_INPUT = (InputError, OSError)
# Of tf.errors.
_OF_FILES_AND_MEMORY = (
    "DataLossError",
    "NotFoundError",
    "OutOfRangeError",  # A file that is too large.
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnavailableError",
)
# Folders with one subfolder for each guide, such as runs/guides/g2.
_PER_GUIDE = ("guides", "segmenter", "predictions", "evaluation")

logging.set_verbosity(logging.WARNING)
python_logging.getLogger("tensorflow").setLevel("WARNING")


def command() -> str:
    """Returns the command line, with flags from flagfiles written out."""
    return shlex.join([pathlib.Path(sys.argv[0]).name, *given_flags()])


def given_flags() -> list[str]:
    """Returns the flags that were given, as --name=value."""
    return [
        text
        for name in sorted(flags.FLAGS)
        if flags.FLAGS[name].present
        for text in flags.FLAGS[name].serialize().splitlines()
    ]


def json_path(output: str) -> pathlib.Path:
    """Returns the path of --output; other files of its name go beside it.

    Raises:
      ValueError: If its name does not end in .json.
    """
    path = artifacts.to_path(output)
    if path.suffix != ".json":
        raise InputError(f"--output: wanted a name in .json, found {path}")
    return path


def beside(path: artifacts.Path, name: str) -> pathlib.Path:
    """Returns where another stage's results go by convention.

    Args:
      path: Result of one stage, such as runs/seeds or runs/guides/g2.
      name: Of the other results, such as "segmenter".

    Returns:
      The path of that name beside `path`: runs/segmenter for runs/seeds,
      runs/segmenter/g2 for runs/guides/g2.
    """
    path = artifacts.to_path(path)
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


def run(
    main: Callable[[list[str]], None],
    *,
    takes_arguments: bool = False,
    urls: Sequence[str] = (),
) -> None:
    """Runs a binary; bad input ends it with one line and exit code 1.

    Args:
      main: As `guarded` takes it.
      takes_arguments: Whether the command line may hold more than flags.
      urls: Names of the flags that may be URLs.
    """

    def checked(argv: list[str]) -> None:
        url_flags.check(urls, argv[1:])
        main(argv)

    flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS["debug"])
    call = functools.partial(guarded, checked, takes_arguments=takes_arguments)
    absl_app.run(call, flags_parser=_parse)


def guarded(
    main: Callable[[list[str]], None],
    argv: list[str],
    *,
    takes_arguments: bool = False,
) -> None:
    """Calls `main`; reports bad input in one line instead of a traceback.

    Args:
      main: Takes what is left of the command line without its flags.
      argv: Name of the binary, then the arguments that are no flags.
      takes_arguments: Whether there may be such arguments.

    Raises:
      SystemExit: On any error. With one line on an InputError or an OSError,
        also if it was raised in Python inside a tf.data pipeline, and on
        TensorFlow's own errors of files and memory. After a traceback on any
        other error, and with --debug on every error.
    """
    try:
        if argv[1:] and not takes_arguments:
            raise InputError(
                f"wanted flags only, found {' '.join(argv[1:])!r}; write "
                f"--name=value"
            )
        main(argv)
    except absl_app.UsageError:
        raise
    except Exception as error:
        shown = line(error)
        if shown is None or DEBUG.value:
            traceback.print_exception(error)
        # Frees iterators first; their Python threads deadlock interpreter
        # shutdown.
        traceback.clear_frames(error.__traceback__)
        sys.exit(1 if shown is None else f"error: {shown}")


def line(error: Exception) -> str | None:
    """Returns the line that helps the user; None for the program's mistakes.

    Args:
      error: Any; also one of TensorFlow that quotes one of Python.
    """
    if isinstance(error, _OF_INPUT):
        return str(error)
    if not isinstance(error, tf.errors.OpError):
        return None
    body = error.message.partition("\n\t [[")[0].strip()
    kind, message = _raised(body)
    if kind is not None:
        return message if issubclass(kind, _OF_INPUT) else None
    if type(error).__name__ not in _OF_FILES_AND_MEMORY:
        return None
    last = body.splitlines()[-1] if body else str(error)
    return re.sub(r"^\{\{.*?\}\} | \[Op:.*$", "", last)


def _parse(argv: list[str]) -> list[str]:
    """Parses the flags, and ends with a message if they are wrong."""
    try:
        expanded = flagfiles.expand(argv[1:])
    except flags.Error as error:
        sys.exit(f"error: {error}")
    return absl_app.parse_flags_with_usage([argv[0], *expanded])


def _raised(body: str) -> tuple[type | None, str]:
    """The Python error at the end of a traceback that TensorFlow quotes.

    Args:
      body: Message of an error of TensorFlow.

    Returns:
      Class and message; None and "" if `body` has no Python traceback.
    """
    frame = body.rpartition('  File "')[2]  # All of its lines are indented.
    found = re.search(r"^([A-Za-z_][\w.]*)(?:: (.*))?\Z", frame, re.M | re.S)
    if frame == body or found is None:
        return None, ""
    module, _, name = found[1].rpartition(".")
    kind = getattr(sys.modules.get(module or "builtins"), name, Exception)
    return kind, found[2] or ""
