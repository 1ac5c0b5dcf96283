"""Reads photographs ahead of their use, and passes over unreadable ones."""

import collections
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from concurrent import futures
from typing import TypeVar

import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

_THREADS = 2
_MAX_AHEAD = 4  # Unless the caller says more.
# Of the photographs read ahead together; a larger one is read alone. Decoding
# takes up to 18 bytes of memory a pixel.
_MAX_PIXELS = 16_000_000
_Prepared = TypeVar("_Prepared")


def photographs(
    source: schema.Source,
    image_ids: Iterable[str],
    unreadable: MutableMapping[str, str] | None,
    prepare: Callable[[str, np.ndarray], _Prepared],
    most: int = _MAX_AHEAD,
) -> Iterator[tuple[str, _Prepared]]:
    """Yields photographs in order; reads up to a few ahead, in threads.

    Args:
      source: The photographs.
      image_ids: Which of them.
      unreadable: Takes the message of each photograph that is unreadable, by
        image id; it is left out. None raises its error.
      prepare: Takes an image id and a [height, width, 3] uint8 RGB photograph;
        called in the thread that read it.
      most: Photographs that are read ahead at most.

    Yields:
      Image id, and what `prepare` returns.

    Raises:
      OSError: If a photograph is unreadable and `unreadable` is None.
      ValueError: Likewise.
    """

    def read(image_id: str) -> _Prepared:
        return prepare(image_id, source.image(image_id))

    waiting = collections.deque()

    def first() -> Iterator[tuple[str, _Prepared]]:
        image_id, _, reading = waiting.popleft()
        try:
            yield image_id, reading.result()
        except (InputError, OSError) as error:
            if unreadable is None:
                raise
            unreadable[image_id] = str(error)

    with futures.ThreadPoolExecutor(_THREADS) as pool:
        for image_id in image_ids:
            pixels = _pixels(source, image_id)
            while waiting and not _fits(waiting, pixels, most):
                yield from first()
            waiting.append((image_id, pixels, pool.submit(read, image_id)))
        while waiting:
            yield from first()


def _fits(waiting: Iterable[tuple], pixels: int, most: int) -> bool:
    """Whether one more photograph may be read ahead."""
    sizes = [size for _, size, _ in waiting]
    return len(sizes) < most and sum(sizes) + pixels <= _MAX_PIXELS


def _pixels(source: schema.Source, image_id: str) -> int:
    """Returns the size of a photograph by its header; 0 if it has none."""
    if source.photograph is None:
        return 0
    try:
        height, width = artifacts.read_stored_size(source.photograph(image_id))
    except (InputError, OSError):
        return 0  # Reading it says what is wrong.
    return height * width
