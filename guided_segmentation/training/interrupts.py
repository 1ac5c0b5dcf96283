"""Signals that stop a run after the step and its checkpoint."""

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """Yields a list to which SIGTERM and SIGINT are appended.

    The process is not interrupted, so that it can save a checkpoint.
    """
    received = []

    def append(number, _):
        received.append(number)

    before = {
        number: signal.signal(number, append)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
