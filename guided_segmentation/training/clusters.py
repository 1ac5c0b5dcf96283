"""Which workers train together: from flags, or from TF_CONFIG."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from guided_segmentation.errors import InputError

VARIABLE = "TF_CONFIG"  # Of the environment; TensorFlow's name.
_JOBS = ("chief", "worker")  # In TF_CONFIG; a chief is the first worker.
_EXAMPLE = "--workers=host1:2222,host2:2222"


@dataclasses.dataclass(frozen=True)
class Cluster:
    """Workers that train together.

    Attributes:
      workers: Address of each, "host:port"; the first is the chief.
      index: Of this process in `workers`.
    """

    workers: tuple[str, ...]
    index: int


def named(
    workers: Sequence[str],
    index: int | None,
    environment: Mapping[str, str],
) -> Cluster:
    """Returns the workers that flags or the environment name.

    Args:
      workers: Value of --workers; empty if it is not given.
      index: Value of --worker_index; None if it is not given.
      environment: Of the process; its TF_CONFIG matters.

    Raises:
      InputError: If neither names workers, both do and differ, or the names
        or the index cannot be right.
    """
    told = None
    if workers or index is not None:
        told = _of_flags(workers, index)
    found = None
    if environment.get(VARIABLE):
        found = _of_json(environment[VARIABLE])
    if told and found and told != found:
        raise InputError(
            f"--workers and --worker_index say {_text(told)}, but {VARIABLE} "
            f"says {_text(found)}; give one of them, or the same"
        )
    cluster = told or found
    if cluster is None:
        raise InputError(
            f"--strategy=multi_worker wanted {_EXAMPLE} and --worker_index, or "
            f"{VARIABLE} in the environment; found neither"
        )
    return cluster


def port(address: str) -> int:
    """Returns the port of "host:port".

    Raises:
      InputError: If the address is not of this form.
    """
    host, _, number = address.rpartition(":")
    if not (host and number.isdecimal() and 0 < int(number) < 2**16):
        raise InputError(
            f"workers: wanted host:port, such as {_EXAMPLE}, found {address!r}"
        )
    return int(number)


def _of_flags(workers, index):
    if not workers:
        raise InputError(
            f"--worker_index={index} wanted {_EXAMPLE}, found no --workers"
        )
    if index is None:
        raise InputError(
            "--workers wanted --worker_index, the number of this process among "
            "them, from 0 on; found none"
        )
    _require_index("--worker_index", index, len(workers))
    return _checked(workers, index)


def _of_json(text):
    """The cluster of TF_CONFIG, whose chief becomes the first worker."""
    try:
        told = json.loads(text)
        jobs = {str(job): list(each) for job, each in told["cluster"].items()}
        job, index = str(told["task"]["type"]), int(told["task"]["index"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'{VARIABLE}: wanted {{"cluster": {{"worker": ["host:port", …]}}, '
            f'"task": {{"type": "worker", "index": 0}}}}, found {text!r}'
        ) from error
    others = sorted({*jobs, job} - set(_JOBS))
    if others or job not in jobs:
        raise InputError(
            f"{VARIABLE}: wanted tasks of type worker (and chief) alone, and "
            f"that of this process among them, found "
            f"{', '.join(others) or job}"
        )
    _require_index(f"{VARIABLE}: index", index, len(jobs[job]))
    if job == "worker":
        index += len(jobs.get("chief", ()))
    return _checked(
        [each for job in _JOBS for each in jobs.get(job, ())], index
    )


def _require_index(name: str, index: int, count: int) -> None:
    if not 0 <= index < count:
        raise InputError(
            f"{name}: wanted 0 to {count - 1}, for {count} of them, found "
            f"{index}"
        )


def _checked(workers: Sequence[Any], index: int) -> Cluster:
    """Returns the cluster if its addresses can be right."""
    addresses = tuple(map(str, workers))
    for address in addresses:
        port(address)
    if len(set(addresses)) < len(addresses):
        raise InputError(
            f"workers: wanted an address of its own for each, found "
            f"{', '.join(addresses)}"
        )
    return Cluster(addresses, index)


def _text(cluster):
    return f"{','.join(cluster.workers)} and {cluster.index}"
