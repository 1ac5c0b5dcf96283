"""Flags of where images are made. Only binaries import this module."""

import functools
import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Mapping

from absl import flags

from guided_segmentation import engines
from guided_segmentation.command_line import actors, app
from guided_segmentation.errors import InputError

ENGINE = flags.DEFINE_enum(
    "engine",
    "local",
    ["local", "ray"],
    "Where images are made. local: in this process. ray: by Ray Data in actors "
    "on many machines, which must see the same folders (pip install "
    "'guided_segmentation[cluster]'); a bad photograph is passed over, listed "
    "at the end, and the exit code is then 1. docs/cluster.md shows how.",
)
RAY_ADDRESS = flags.DEFINE_string(
    "ray_address",
    None,
    "host:port of the head of a Ray cluster, or auto for the one that this "
    "machine is part of. Not given: that of the variable RAY_ADDRESS, or this "
    "machine alone.",
)
MIN_ACTORS = flags.DEFINE_integer(
    "min_actors",
    1,
    "Actors to keep; each is a process that loads the network once (ray).",
    lower_bound=1,
)
MAX_ACTORS = flags.DEFINE_integer(
    "max_actors",
    None,
    "Actors that Ray starts at most. Not given: as many as the cluster has "
    "room for when the program starts; give more if it can grow (ray).",
    lower_bound=1,
)
CPUS_PER_ACTOR = flags.DEFINE_integer(
    "cpus_per_actor",
    1,
    "CPU cores of an actor: the threads of its network. Dense CRFs take one "
    "(ray).",
    lower_bound=1,
)
GPUS_PER_ACTOR = flags.DEFINE_float(
    "gpus_per_actor",
    0.0,
    "GPUs of an actor; 0.5 for two actors on a GPU (ray).",
    lower_bound=0.0,
)
_NUM_SHOWN = 20  # Images that a message names.


def is_local() -> bool:
    """Returns whether images are made in this process."""
    return ENGINE.value == "local"


def check() -> None:
    """Checks that the flags of the engine go together.

    Raises:
      ValueError: If they do not.
    """
    cluster_flags = (RAY_ADDRESS, MIN_ACTORS, MAX_ACTORS)
    for flag in (*cluster_flags, CPUS_PER_ACTOR, GPUS_PER_ACTOR):
        if is_local() and flag.present:
            raise InputError(
                f"--{flag.name}={flag.value}: wanted --engine=ray beside it, "
                f"found --engine=local"
            )
    most = MAX_ACTORS.value
    if most is not None and most < MIN_ACTORS.value:
        raise InputError(
            f"--max_actors={most}: wanted no fewer than --min_actors, found "
            f"{MIN_ACTORS.value}"
        )


def make(
    work: engines.Work,
    missing: Callable[[Iterable[str]], list[str]],
    output_dir: str,
    arguments: Iterable[str] = (),
    take: Callable[[engines.Row], None] = lambda row: None,
) -> dict[str, str]:
    """Makes the outputs of the images of a source where --engine says.

    Args:
      work: What the local engine calls. Actors call what the function `work`
        of the binary returns.
      missing: Takes image ids; returns those of images that lack outputs.
      output_dir: Folder of the output.
      arguments: Of the command line that are no flags.
      take: Called with the row of each image, by other engines than local.

    Returns:
      Why an image has no output, by image id.

    Raises:
      ValueError: If there is no such cluster, or if files that it wrote are
        not seen here. The local engine raises what `work` does.
    """
    if is_local():
        return dict(work.make(work.source) or {})
    if "://" not in output_dir:  # Actors look whether they see the folder.
        pathlib.Path(output_dir).mkdir(parents=True, exist_ok=True)
    opener = functools.partial(
        actors.open_work,
        pathlib.Path(sys.argv[0]).name,
        [*app.given_flags(), *arguments],
        os.getcwd(),
        output_dir,
    )
    wanted = missing(work.source.image_ids)
    count = len(work.source.image_ids)
    print(f"to do: {len(wanted)} of {count} images", file=sys.stderr)
    errors = engines.make(opener, wanted, _cluster(), take)
    lost = [each for each in missing(wanted) if each not in errors]
    if lost:
        raise InputError(
            f"{output_dir}: wanted the files of {len(wanted)} images, "
            f"{len(lost)} are not there, the first is that of {lost[0]!r}; "
            f"give a folder that all machines of the cluster see"
        )
    return errors


def require_all(errors: Mapping[str, str]) -> None:
    """Ends a binary in which some images could not be made.

    Args:
      errors: Why, by image id.

    Raises:
      ValueError: If there are any; names the first of them.
    """
    if errors:
        rest = len(errors) - _NUM_SHOWN
        more = [f"and {rest} more"] if rest > 0 else []
        lines = [*list(errors.values())[:_NUM_SHOWN], *more]
        raise InputError(
            f"{len(errors)} images could not be made; all others are done. "
            f"Repair or remove these and run the same command again:\n"
            + "\n".join(lines)
        )


def _cluster() -> engines.Cluster:
    return engines.Cluster(
        address=RAY_ADDRESS.value,
        min_actors=MIN_ACTORS.value,
        max_actors=MAX_ACTORS.value,
        cpus_per_actor=CPUS_PER_ACTOR.value,
        gpus_per_actor=GPUS_PER_ACTOR.value,
    )
