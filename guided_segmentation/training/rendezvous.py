"""Workers meet before TensorFlow starts, which would wait without an end."""

from __future__ import annotations

import socket
import time

from guided_segmentation.errors import InputError
from guided_segmentation.training import clusters

_TRIAL_SECONDS = 0.2  # Between two calls of the same worker.


def meet(cluster: clusters.Cluster, wait_seconds: float) -> None:
    """Returns when every other worker answers at its address.

    Until then this worker answers at its own. Afterwards its port is free for
    TensorFlow, whose server answers those who call later.

    Args:
      cluster: The workers, and which of them this process is.
      wait_seconds: How long to wait for the others.

    Raises:
      InputError: If the worker's port is in use, or another worker does not
        answer in time.
    """
    others = [
        (index, address)
        for index, address in enumerate(cluster.workers)
        if index != cluster.index
    ]
    last = time.monotonic() + wait_seconds
    with _answering(cluster):
        while others := [each for each in others if not _answers(each[1])]:
            if time.monotonic() > last:
                index, address = others[0]
                raise InputError(
                    f"worker {cluster.index} wanted worker {index} at "
                    f"{address} within {wait_seconds} s, found no answer; "
                    f"start it, or look at what it says (the time is "
                    f"--worker_wait_seconds)"
                )
            time.sleep(_TRIAL_SECONDS)


def _answering(cluster):
    """Returns a socket that listens at the worker's own port.

    TensorFlow's server would share the port of another one.
    """
    address = cluster.workers[cluster.index]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("", clusters.port(address)))
    except OSError as error:
        listener.close()
        raise InputError(
            f"worker {cluster.index}: wanted its port {address} free on this "
            f"machine, found it in use ({error.strerror}); end the other "
            f"process, or choose another port on all workers"
        ) from error
    listener.listen(128)
    return listener


def _answers(address):
    """Returns whether a connection to "host:port" is accepted."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), 1).close()
    except OSError:
        return False
    return True
