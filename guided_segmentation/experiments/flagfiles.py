"""Flagfiles of an experiment: a folder with one file for each kind of stage.

`flags/demo/seeder.flags` holds the flags of bin/train_seeder, and so on; the
names are the keys of `experiments.MORE`. A binary takes its file as it is:
inputs and outputs are below the folder that --work_dir in the experiment's
`experiment.flags` names. That part of a path is replaced by `{work_dir}` here,
so that bin/run_experiment can put everything elsewhere.
"""

import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence

from absl import flags

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError
from guided_segmentation.experiments.ledger import WORK_DIR
from guided_segmentation.flagfiles import expand, find

EXPERIMENT = "experiment"  # The file of bin/run_experiment itself.


def read(folders: Sequence[artifacts.Path]) -> dict[str, tuple[str, ...]]:
    """Reads the flagfiles of some folders.

    Args:
      folders: As `guided_segmentation.flagfiles.find` finds them. The first
        folder that holds a file of some name counts. An
        experiment that differs from another in one stage has a folder with
        the file of that stage, and names the other's folder after its own.

    Returns:
      The flags of each file by its name without `.flags`, nested flagfiles
      included and every flag once. Flags whose value is below the --work_dir
      of one of the experiments start with `{work_dir}` instead.

    Raises:
      FileNotFoundError: If a folder has no flagfiles, or a nested file cannot
        be opened. Paths start from the current folder, or from the package.
    """
    paths: dict[str, pathlib.Path] = {}
    work_dirs = []
    for folder in map(find, folders):
        found = sorted(folder.glob("*.flags"))
        if not found:
            raise FileNotFoundError(
                f"--stage_flags: wanted a folder of flagfiles such as "
                f"seeder.flags, found none in {folder}; paths start from the "
                f"current folder or from the package's flags/"
            )
        for path in found:
            paths.setdefault(path.stem, path)
            if path.stem == EXPERIMENT:
                work_dirs += _values(lines(path), "work_dir")
    return {
        name: tuple(_moved(line, work_dirs) for line in lines(path))
        for name, path in paths.items()
        if name != EXPERIMENT
    }


def lines(path: artifacts.Path) -> list[str]:
    """Returns the flags of a file and of those it includes, each flag once.

    Raises:
      FileNotFoundError: If the file, or one that it includes, cannot be
        opened.
      InputError: If a file includes itself.
    """
    try:
        found = expand([f"--flagfile={path}"])
    except flags.Error as error:
        raise InputError(str(error)) from error
    for flag in found:
        if flag.startswith("--flagfile="):
            raise FileNotFoundError(
                f"{path}: no flagfile {flag.partition('=')[2]}; run from the "
                f"folder that --flagfile paths start from"
            )
    last: dict[str, str] = {}
    for flag in found:
        last.pop(flag_name(flag), None)
        last[flag_name(flag)] = flag
    return list(last.values())


def flag_name(flag: str) -> str:
    """Returns the name of a flag as it is written: "flip" of "--noflip".

    Args:
      flag: `--name=value`, or `--name` or `--noname` of a boolean flag.
    """
    name, equals, _ = flag.removeprefix("--").partition("=")
    return name if equals else re.sub("^no", "", name)


def without(found: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Returns the flags that are not among some names."""
    names = set(names)
    return tuple(flag for flag in found if flag_name(flag) not in names)


def first(
    files: Mapping[str, tuple[str, ...]], names: Sequence[str]
) -> tuple[str, ...] | None:
    """Returns the flags of the first file that is there, None if none is.

    Args:
      files: What `read` returns.
      names: Of files, in order of preference.
    """
    return next((files[name] for name in names if name in files), None)


def _values(found: Iterable[str], name: str) -> list[str]:
    """The values that some flags give a name."""
    return [flag.partition("=")[2] for flag in found if flag_name(flag) == name]


def _moved(flag: str, work_dirs: Sequence[str]) -> str:
    """A flag with `{work_dir}` for the folder of its experiment."""
    name, equals, value = flag.partition("=")
    for work_dir in work_dirs:
        if value == work_dir or value.startswith(f"{work_dir}/"):
            return f"{name}{equals}{WORK_DIR}{value.removeprefix(work_dir)}"
    return flag
