"""Reads flagfiles, also those that come with the package.

absl opens a flagfile relative to the current folder. Here a file such as
flags/demo/seeder.flags is found from every folder, and so are the files it
names. In a checkout flags/ and saved_models/ lie beside the package; a wheel
installs them to share/guided_segmentation of the environment.
"""

import os
import pathlib
import re
import site
import sys
from collections.abc import Iterable

from absl import flags

FOLDERS = ("flags", "saved_models")
_PACKAGE = pathlib.Path(__file__).resolve().parent
_SHARE = pathlib.Path("share", "guided_segmentation")
ROOTS = (
    _PACKAGE.parent,  # A checkout.
    _PACKAGE.parent / _SHARE,  # pip install --target.
    pathlib.Path(sys.prefix) / _SHARE,
    pathlib.Path(site.getuserbase()) / _SHARE,  # pip install --user.
)


def find(path: str | os.PathLike) -> pathlib.Path:
    """Finds a file or folder, in the current folder or with the package.

    Args:
      path: Such as "flags/demo/seeder.flags" or "saved_models".

    Returns:
      `path` if it exists, or if the package has no such file either;
      otherwise the path of the package's own.
    """
    path = pathlib.Path(path)
    if not path.exists() and path.parts[:1] and path.parts[0] in FOLDERS:
        for root in ROOTS:
            if (root / path).exists():
                return root / path
    return path


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
        path = given and find(pathlib.Path(given[1]).expanduser())
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
