"""The last results of a function in memory, made once by many threads."""

import collections
import threading
from collections.abc import Callable, Hashable
from concurrent import futures

import numpy as np


class Recent:
    """Arrays by key, the last ones that were asked for.

    The parts of a training example are read side by side, and several may
    need the same file: the first decodes it, the others wait for its array.
    """

    def __init__(self, max_bytes: int):
        """Starts empty.

        Args:
          max_bytes: Of all arrays together; a larger one is not kept.
        """
        self._max_bytes, self._bytes = max_bytes, 0
        self._lock = threading.Lock()
        self._made: collections.OrderedDict[Hashable, futures.Future]
        self._made = collections.OrderedDict()

    def get(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """Returns the array of a key; makes it if it is not there.

        Args:
          key: Of the array.
          make: Returns it. What it raises is raised, and not kept.
        """
        with self._lock:
            found = self._made.get(key)
            if found is None:
                future = self._made[key] = futures.Future()
            else:
                self._made.move_to_end(key)
        if found is not None:
            return found.result()
        try:
            array = make()
        except BaseException as error:
            with self._lock:
                del self._made[key]
            future.set_exception(error)
            raise
        future.set_result(array)
        self._keep(array.nbytes)
        return array

    def _keep(self, size: int) -> None:
        """Counts a new array; removes the oldest ones beyond the bound."""
        with self._lock:
            self._bytes += size
            for key, future in list(self._made.items()):
                if self._bytes <= self._max_bytes:
                    break
                if future.done():
                    self._bytes -= future.result().nbytes
                    del self._made[key]
