"""Reads flagfiles, also those that come with the package.

absl opens a flagfile relative to the current folder. Here a file such as
flags/demo/seeds.flags is found from every folder, and so are the files that
it names.
"""

import pathlib
import re
from collections.abc import Iterable

from absl import flags

from guided_segmentation.command_line import shared


def expand(arguments: Iterable[str], within: tuple = ()) -> list[str]:
    """Replaces every --flagfile that can be read by the flags in it.

    Args:
      arguments: A command line without the name of the binary, or the lines
        of a flagfile.
      within: The flagfiles that these lines are part of.

    Returns:
      The command line as absl would read it. A flagfile that does not exist
      stays as it is, for absl to report.

    Raises:
      flags.Error: If a flagfile includes itself.
    """
    expanded: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            return [*expanded, argument, *remaining]
        if argument in ("--flagfile", "-flagfile"):
            argument = f"--flagfile={next(remaining, '')}"
        given = re.fullmatch(r"--?flagfile=(.+)", argument)
        path = given and shared.find(pathlib.Path(given[1]).expanduser())
        if path and path.is_file():
            expanded += _lines(path, within)
        else:
            expanded.append(argument)
    return expanded


def _lines(path: pathlib.Path, within: tuple) -> list[str]:
    """The flags of a file, without comments and blank lines."""
    resolved = path.resolve()
    if resolved in within:
        raise flags.Error(f"flagfile {path} includes itself; remove that line")
    lines = map(str.strip, path.read_text().splitlines())
    kept = [line for line in lines if line and not line.startswith(("#", "//"))]
    return expand(kept, (*within, resolved))
