"""Predictions in batches: photographs of one frame size share a forward pass.

A photograph is framed, goes through the network in a batch, and is finished on
its own: upsampled, decided, written. The network runs in one thread, so that
the caller frames the next photographs and finishes the last ones meanwhile.
"""

import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent import futures
from typing import Any, NamedTuple, TypeVar

import numpy as np

from guided_segmentation.errors import InputError

ON_CPU, ON_GPU = 4, 16  # Photographs; measured on two cores.
# Photographs that are framed, predicted or wait for their turn: as many batches
# as one that is finished, one in the network and one that is ready for it.
_BATCHES = 3
MAX_PIXELS = 2**23  # Of a photograph that is not made smaller first.
_BATCH_PIXELS = 2**21  # Of the frames of a batch: activations take 1 GB.
_Item = TypeVar("_Item")
Arrays = tuple[np.ndarray, ...]


class Frames(NamedTuple):
    """A photograph as the inputs of a network.

    Attributes:
      inputs: Arrays; photographs whose inputs have equal shapes share a batch.
      places: What finishing needs, such as where pixels are in the inputs.
    """

    inputs: Arrays
    places: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Predictor:
    """A network, with what comes before and after it.

    Attributes:
      frame: From a photograph, [height, width, 3] uint8 RGB, to its Frames;
        called in several threads. Seeders take the objects as well.
      run: From the inputs of several photographs, each stacked along a first
        axis, to outputs with the same first axis; called in one thread.
      finish: From the outputs of one photograph, without that axis, and its
        `places` to the prediction; called in several threads.
      max_batch_size: Most photographs that `run` takes; None for any number.
      max_pixels: Height times width of the largest photograph that is
        predicted at its own size, by what memory holds.
    """

    frame: Callable[..., Frames]
    run: Callable[[Arrays], Arrays]
    finish: Callable[[Arrays, Any], Any]
    max_batch_size: int | None = None
    max_pixels: int = MAX_PIXELS

    def __call__(self, image: np.ndarray) -> Any:
        """Predicts one photograph, [height, width, 3] uint8 RGB."""
        inputs, places = self.frame(image)
        outputs = self.run(tuple(each[np.newaxis] for each in inputs))
        return self.finish(tuple(each[0] for each in outputs), places)

    def then(self, function: Callable[[Any], Any]) -> "Predictor":
        """Returns the predictor whose predictions go through a function."""

        def finish(outputs: Arrays, places: Any) -> Any:
            return function(self.finish(outputs, places))

        return dataclasses.replace(self, finish=finish)


def one_by_one(predict: Callable[[np.ndarray], np.ndarray]) -> Predictor:
    """Makes the predictor of a function that takes one photograph.

    Args:
      predict: From [1, height, width, 3] uint8 RGB to [1, ...].
    """
    return Predictor(
        frame=lambda image: Frames((image,), None),
        run=lambda inputs: (np.asarray(predict(inputs[0])),),
        finish=lambda outputs, places: outputs[0],
        max_batch_size=1,
    )


def of(
    predict: Predictor | Callable[[np.ndarray], np.ndarray],
) -> Predictor:
    """Returns a predictor as it is, and `one_by_one` of a function."""
    if isinstance(predict, Predictor):
        return predict
    return one_by_one(predict)


def default_size() -> int:
    """Returns the photographs of a batch: ON_GPU if there is one, or ON_CPU."""
    import tensorflow as tf  # Detectors in ONNX files need it for this alone.

    return ON_GPU if tf.config.list_physical_devices("GPU") else ON_CPU


@dataclasses.dataclass(eq=False)
class _Place:
    """A photograph between its framing and its turn."""

    item: Any
    inputs: Arrays | None
    outputs: futures.Future | None = None  # Of its batch.
    index: int = 0  # Within that.


def in_batches(
    run: Callable[[Arrays], Arrays],
    framed: Iterable[tuple[_Item, Arrays]],
    batch_size: int,
    name: Callable[[_Item], str] = str,
) -> Iterator[tuple[_Item, Arrays]]:
    """Predicts photographs in batches of equal shapes, in a thread.

    A batch that stays smaller, because few photographs have its shapes, runs
    as it is when it is its turn. At most three batches are in memory.

    Args:
      run: As of `Predictor`.
      framed: Items, such as image ids, with the inputs of the photograph.
      batch_size: Most photographs of a batch. Large ones make smaller batches.
      name: Names an item in messages.

    Yields:
      Items in order, with their outputs as `Predictor.finish` takes them.

    Raises:
      ValueError: If `run` raises one; the names of its images are added.
    """
    waiting: collections.deque[_Place] = collections.deque()
    groups: dict[Hashable, list[_Place]] = {}

    def submit(key: Hashable) -> None:
        group = groups.pop(key)
        inputs = [place.inputs for place in group]
        names = [name(place.item) for place in group]
        future = pool.submit(_run, run, inputs, names)
        for index, place in enumerate(group):
            place.inputs, place.outputs, place.index = None, future, index

    def first() -> tuple[_Item, Arrays]:
        place = waiting.popleft()
        if place.outputs is None:
            submit(_key(place.inputs))
        outputs = place.outputs.result()
        return place.item, tuple(each[place.index] for each in outputs)

    with futures.ThreadPoolExecutor(1) as pool:
        for item, inputs in framed:
            place, key = _Place(item, inputs), _key(inputs)
            waiting.append(place)
            group = groups.setdefault(key, [])
            group.append(place)
            if len(group) >= min(batch_size, _most(inputs)):
                submit(key)
            del place, group, inputs
            while len(waiting) >= _BATCHES * batch_size:
                yield first()
        for key in list(groups):
            submit(key)
        while waiting:
            yield first()


def _key(inputs: Arrays) -> Hashable:
    return tuple(each.shape for each in inputs)


def _most(inputs: Arrays) -> int:
    """Returns how many photographs of these shapes a batch may have."""
    return max(1, _BATCH_PIXELS // max(1, _pixels(inputs)))


def _pixels(inputs: Arrays) -> int:
    return max(each.size // 3 for each in inputs)


def _run(
    run: Callable[[Arrays], Arrays], inputs: list[Arrays], names: list[str]
) -> Arrays:
    """Runs a batch, and names its images in errors."""
    try:
        return run(tuple(map(np.stack, zip(*inputs, strict=True))))
    except InputError as error:
        raise InputError(f"{_told(names)}: {error}") from error


def _told(names: list[str]) -> str:
    if len(names) == 1:
        return f"image {names[0]!r}"
    return f"one of the images {', '.join(map(repr, names))}"
