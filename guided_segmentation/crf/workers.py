"""Dense CRFs in worker processes, one for each core.

pydensecrf holds Python's lock, so that threads run one CRF at a time. Within
`use_workers`, every call of `infer` goes to a worker process, and calls from
several threads run side by side. Arrays travel through shared memory. Results
are those of `dense.infer`, bit for bit.
"""

import collections
import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import shared_memory
from typing import TypeVar

import loky
import numpy as np

from guided_segmentation import cores
from guided_segmentation.crf import dense
from guided_segmentation.crf.settings import DEEPLAB, CrfSettings

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_PARENT_CHECK_SECONDS = 1.0
_pool: "Pool | None" = None  # Of the innermost `use_workers`.


def infer(
    image: np.ndarray,
    energy: np.ndarray,
    settings: CrfSettings = DEEPLAB,
    mask: np.ndarray | None = None,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Returns what `dense.infer` does, from a worker within `use_workers`.

    Args:
      image: [height, width, 3] uint8 RGB.
      energy: [height, width, num_classes] float, finite unary energies.
      settings: Of the CRF.
      mask: [height, width] bool, the pixels that are nodes; None for all.
      origin: Row and column of the first pixel in the photograph.

    Returns:
      [height, width, num_classes] float32 in [0, 1].

    Raises:
      ValueError: As `dense.infer`.
      ChildProcessError: If the worker died twice.
    """
    if _pool is None:
        return dense.infer(image, energy, settings, mask, origin)
    return _pool.infer(image, energy, settings, mask, origin)


def default_num_workers() -> int:
    """Returns one worker for each core of this process; 0 for a single core."""
    count = cores.count()
    return count if count > 1 else 0


@contextlib.contextmanager
def use_workers(count: int | None = None) -> Iterator[None]:
    """Has all CRFs of the process run in workers until the context ends.

    Workers start with the first CRF. They end with the context, and by
    themselves if this process is killed.

    Args:
      count: Number of workers; 0 runs CRFs in this process. None takes
        `default_num_workers`.
    """
    global _pool
    if count is None:
        count = default_num_workers()
    before = _pool
    _pool = Pool(count) if count else None
    try:
        yield
    finally:
        if _pool is not None:
            _pool.close()
        _pool = before


def num_workers() -> int:
    """Returns the workers of the innermost `use_workers`; 0 without any."""
    return 0 if _pool is None else _pool.num_workers


def map_in_order(
    function: Callable[[_Item], _Result],
    items: Iterable[_Item],
    alone: Callable[[_Item], bool] = lambda item: False,
) -> Iterator[_Result]:
    """Calls a function that runs CRFs for several items side by side.

    Args:
      function: Called in threads, one more than there are workers; without
        workers in this thread.
      items: What it takes. As many as there are threads are taken ahead.
      alone: Whether no other item runs beside this one, for lack of memory.

    Yields:
      What `function` returns, in the order of the items.
    """
    if not num_workers():
        yield from map(function, items)
        return
    num_threads = num_workers() + 1
    with futures.ThreadPoolExecutor(num_threads) as threads:
        waiting: collections.deque[futures.Future] = collections.deque()
        for item in items:
            is_alone = alone(item)
            while waiting and (is_alone or len(waiting) > num_threads):
                yield waiting.popleft().result()
            if is_alone:
                yield function(item)
            else:
                waiting.append(threads.submit(function, item))
        while waiting:
            yield waiting.popleft().result()


class Pool:
    """Worker processes that each run one dense CRF at a time."""

    def __init__(self, num_workers: int) -> None:
        """Prepares workers, which start when they are needed.

        Args:
          num_workers: How many, at least 1.
        """
        self.num_workers = num_workers
        self._lock = threading.Lock()
        self._one_retry = threading.Lock()
        self._executor: loky.ProcessPoolExecutor | None = None

    def infer(
        self,
        image: np.ndarray,
        energy: np.ndarray,
        settings: CrfSettings,
        mask: np.ndarray | None,
        origin: tuple[int, int] = (0, 0),
    ) -> np.ndarray:
        """Runs one CRF in a worker, and once more if the worker dies.

        Args:
          image: As `infer` takes it.
          energy: Likewise.
          settings: Likewise.
          mask: Likewise.
          origin: Likewise.

        Returns:
          [height, width, num_classes] float32 in [0, 1].

        Raises:
          ChildProcessError: If the worker died twice.
        """
        inputs = (image, energy) if mask is None else (image, energy, mask)
        result = np.empty(energy.shape, np.float32)
        with _shared([*inputs, result]) as (name, views):
            for view, array in zip(views, inputs, strict=False):
                view[...] = array
            layout = [(view.shape, view.dtype.str) for view in views]
            self._run(
                functools.partial(_infer_shared, name, layout, settings, origin)
            )
            result[...] = views[-1]
            del views, view
        return result

    def close(self) -> None:
        """Ends the workers."""
        with self._lock:
            if self._executor is not None:
                self._executor.shutdown(kill_workers=True)
                self._executor = None

    def _run(self, task) -> None:
        """Calls `task` in a worker.

        When a worker dies, so do the tasks of the others. Each is repeated
        alone, so that the one that kills workers is told from the rest.
        """
        executor = self._started()
        try:
            executor.submit(task).result()
            return
        except BrokenProcessPool:
            self._drop(executor)
        with self._one_retry:
            alone = _executor(1)
            try:
                alone.submit(task).result()
            except BrokenProcessPool as error:
                raise ChildProcessError(
                    "a process died twice during this dense CRF, perhaps for "
                    "lack of memory; give it more, or resize the photograph"
                ) from error
            finally:
                alone.shutdown(kill_workers=True)

    def _started(self) -> "loky.ProcessPoolExecutor":
        with self._lock:
            if self._executor is None:
                self._executor = _executor(self.num_workers)
            return self._executor

    def _drop(self, broken: "loky.ProcessPoolExecutor") -> None:
        with self._lock:
            if self._executor is broken:
                self._executor = None
        broken.shutdown(kill_workers=True)


def _executor(num_workers: int) -> "loky.ProcessPoolExecutor":
    return loky.ProcessPoolExecutor(
        num_workers, initializer=_end_with_parent, initargs=(os.getpid(),)
    )


@contextlib.contextmanager
def _shared(
    arrays: list[np.ndarray],
) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yields the name of a block of shared memory, and arrays in it.

    Args:
      arrays: Give shapes and types; their values are not copied.
    """
    layout = [(array.shape, array.dtype.str) for array in arrays]
    size = max(1, sum(_num_bytes(*each) for each in layout))
    block = shared_memory.SharedMemory(create=True, size=size)
    try:
        yield block.name, _views(block, layout)
    finally:
        block.unlink()
        block.close()


def _views(block, layout) -> list[np.ndarray]:
    """Returns arrays that lie one after the other in a block."""
    views, offset = [], 0
    for shape, dtype in layout:
        views.append(np.ndarray(shape, dtype, block.buf, offset))
        offset += _num_bytes(shape, dtype)
    return views


def _num_bytes(shape, dtype) -> int:
    """Returns the size of an array, rounded up for the alignment of all."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    return -(-size // 64) * 64


def _infer_shared(
    name: str, layout: list, settings: CrfSettings, origin: tuple[int, int]
) -> None:
    """Runs in a worker: a CRF from shared memory to shared memory."""
    block = shared_memory.SharedMemory(name)
    *inputs, result = _views(block, layout)
    mask = inputs[2] if len(inputs) == 3 else None
    result[...] = dense.infer(inputs[0], inputs[1], settings, mask, origin)
    del inputs, result, mask
    block.close()


def _end_with_parent(parent: int) -> None:
    """Runs in a worker: ends it when the process that started it is killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
