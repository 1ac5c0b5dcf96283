"""Work on many machines by Ray Data: image ids in, a row for each image out.

Image ids are divided into blocks. Actors, which load the network once, make
the outputs of a block and return a row for each image. Where an actor or its
machine dies, Ray starts another and repeats the block; an image whose actor
dies again and again is tried alone and then given up.
"""

import contextlib
import dataclasses
import math
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from guided_segmentation import cores, extras
from guided_segmentation.engines import blocks
from guided_segmentation.errors import InputError

CALL_IMAGES = 16  # Of a call; a few batches of the network.
_MAX_BLOCKS = 10_000  # Ray Data keeps track of each.
_BLOCKS_PER_ACTOR = 4  # At least, so that actors end at about the same time.
_RETRIES = 1  # Of a block whose actor died.
_PATIENCE_S = 10.0  # Until an address answers.
_STORE_BYTES = 200 * 2**20  # Of shared memory; image ids and lines of text.
_GAVE_UP = (
    "image {!r}: its process died each time, perhaps for lack of memory; give "
    "it more by fewer actors on a machine, or resize the photograph"
)
# Set before Ray loads: no usage reports, and no upload of the current folder
# where a program is started by `uv run`.
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}

# Runs in an actor: opens the work, and returns what makes blocks of it.
Opener = Callable[[], Callable[[list[str]], list[blocks.Row]]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cluster:
    """A Ray cluster, and the actors to start in it.

    Attributes:
      address: host:port of its head; "auto" for the one that this machine is
        part of; None for that of the variable RAY_ADDRESS or, without one,
        for this machine alone.
      min_actors: How many there are at least.
      max_actors: How many there are at most; None for as many as have room.
      cpus_per_actor: CPU cores that each takes.
      gpus_per_actor: GPUs that each takes; 0.5 for two actors on a GPU.
    """

    address: str | None = None
    min_actors: int = 1
    max_actors: int | None = None
    cpus_per_actor: int = 1
    gpus_per_actor: float = 0.0


def make(
    open_work: Opener,
    image_ids: Sequence[str],
    cluster: Cluster,
    take: Callable[[blocks.Row], None] = lambda row: None,
) -> dict[str, str]:
    """Makes the outputs of images in the actors of a cluster.

    Args:
      open_work: Called once in each actor.
      image_ids: Of the images.
      cluster: Where.
      take: Called here with the row of each image as it arrives.

    Returns:
      Why an image has no output, by image id.

    Raises:
      ValueError: If there is no such cluster, if it has no room for an actor,
        or if an actor cannot open the work.
    """
    if not image_ids:
        return {}
    errors: dict[str, str] = {}
    with _connected(cluster) as ray:
        left = dict.fromkeys(image_ids)
        for is_last in (False, True):
            for row in _rows(ray, open_work, list(left), cluster, is_last):
                if left.pop(row.image_id, row) is None:
                    take(row)
                    if row.error:
                        errors[row.image_id] = row.error
            if not left:
                break
    return errors | {each: _GAVE_UP.format(each) for each in left}


class _Actor:
    """Opens the work once, and makes blocks of it."""

    def __init__(self, open_work: Opener, cpus: int, gpus: float) -> None:
        os.environ.update(_limits(cpus, gpus))
        self._make = open_work()

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list]:
        rows = self._make(batch["item"].tolist())
        return {
            name: [getattr(row, name) for row in rows]
            for name in blocks.Row._fields
        }


def _limits(cpus: int, gpus: float) -> dict[str, str]:
    """Returns the variables that keep libraries to the actor's resources."""
    threads = str(cpus)
    found = {
        "OMP_NUM_THREADS": threads,
        "OPENCV_FOR_THREADS_NUM": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": threads,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if gpus % 1:  # Several actors on a GPU share its memory.
        found["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    return found


@contextlib.contextmanager
def _connected(cluster: Cluster) -> Iterator[Any]:
    """Yields the module `ray` while it is connected to the cluster."""
    os.environ.update(_SETTINGS)
    ray = extras.imported("ray", "cluster", "--engine=ray")
    extras.imported("ray.data", "cluster", "--engine=ray")
    if ray.is_initialized():
        yield ray
        return
    try:
        _connect(ray, cluster)
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any, cluster: Cluster) -> None:
    address = cluster.address or os.environ.get("RAY_ADDRESS") or "local"
    if "://" in address:
        raise InputError(
            f"--ray_address: wanted host:port or auto, found {address}; run "
            f"this program on a machine of the cluster"
        )
    if address not in ("auto", "local"):
        _require_listening(address)
    options: dict[str, Any] = {"log_to_driver": False}
    if address == "local":
        _require_room(cluster)
        options |= {
            "include_dashboard": False,
            "num_cpus": max(cores.count(), cluster.cpus_per_actor),
            "object_store_memory": _STORE_BYTES,
        }
    try:
        ray.init(address, **options)
    except Exception as error:  # Ray has no class for it.
        raise InputError(
            f"--ray_address={address}: wanted a running Ray cluster of this "
            f"version; {' '.join(str(error).split())}"
        ) from error


def _require_listening(address: str) -> None:
    """Checks that there is something at an address: Ray tries for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _PATIENCE_S).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"--ray_address={address}: wanted the host:port of a Ray head, "
            f"found none there ({error}); start one by `ray start --head`"
        ) from error


def _require_room(cluster: Cluster) -> None:
    """Checks that an actor fits this machine, where no other can be added."""
    found = cores.count()
    if cluster.cpus_per_actor > found:
        raise InputError(
            f"--cpus_per_actor={cluster.cpus_per_actor}: wanted no more than "
            f"the cores of this machine, found {found}; give --ray_address of "
            f"a cluster of larger machines"
        )


def _rows(
    ray: Any,
    open_work: Opener,
    image_ids: list[str],
    cluster: Cluster,
    is_last: bool,
) -> Iterator[blocks.Row]:
    """Yields the rows of images as they are made; none of what is given up.

    Args:
      ray: The module.
      open_work: As of `make`.
      image_ids: Likewise.
      cluster: Likewise.
      is_last: Whether to try each image alone.
    """
    max_actors = min(_max_actors(ray, cluster), len(image_ids))
    num_images = 1 if is_last else _block_images(len(image_ids), max_actors)
    _set_context(ray)
    rows = ray.data.from_items(
        image_ids, override_num_blocks=math.ceil(len(image_ids) / num_images)
    ).map_batches(
        _Actor,
        batch_size=min(CALL_IMAGES, num_images),
        compute=ray.data.ActorPoolStrategy(
            # A pool whose actors have nothing waiting does not grow.
            min_size=max_actors
            if is_last
            else min(cluster.min_actors, max_actors),
            max_size=max_actors,
            # What waits for an actor dies with it.
            max_tasks_in_flight_per_actor=1 if is_last else None,
        ),
        fn_constructor_args=(
            open_work,
            cluster.cpus_per_actor,
            cluster.gpus_per_actor,
        ),
        num_cpus=cluster.cpus_per_actor,
        num_gpus=cluster.gpus_per_actor,
        max_task_retries=_RETRIES,
    )
    try:
        for row in rows.iter_rows():
            yield blocks.Row(**row)
    except ray.exceptions.RayError as error:
        raise _told(error) from error


def _max_actors(ray: Any, cluster: Cluster) -> int:
    if cluster.max_actors is not None:
        return cluster.max_actors
    there = ray.cluster_resources()
    room = there.get("CPU", 0) // cluster.cpus_per_actor
    if cluster.gpus_per_actor:
        room = min(room, there.get("GPU", 0) // cluster.gpus_per_actor)
    return max(int(room), cluster.min_actors)


def _block_images(num_images: int, max_actors: int) -> int:
    """Returns the images of a block: few enough that all actors get some."""
    some = math.ceil(num_images / (max_actors * _BLOCKS_PER_ACTOR))
    return max(min(CALL_IMAGES, some), math.ceil(num_images / _MAX_BLOCKS))


def _set_context(ray: Any) -> None:
    """Sets what Ray Data does of its own accord, for this process."""
    context = ray.data.DataContext.get_current()
    context.print_on_execution_start = False
    context.max_errored_blocks = -1  # Their images have no row.
    # Ray 2.64 takes max_task_retries another way; setup.cfg stops before.
    warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated")


def _told(error: Exception) -> Exception:
    """Returns the user's error that an actor met when it opened the work."""
    for line in reversed(str(error).splitlines()):
        _, mark, message = line.partition("errors.InputError: ")
        if mark:
            return InputError(message)
    return error
