"""Photographs through a network in batches: read ahead, then finished behind.

Threads read and frame the next photographs while the network runs on a batch
and the caller finishes the photographs of the batch before: upsamples, decides
and writes.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any, NamedTuple

import numpy as np

from guided_segmentation.datasets import read_ahead, schema
from guided_segmentation.networks import batches


class Predicted(NamedTuple):
    """A photograph that went through the network.

    Attributes:
      image_id: Of the photograph.
      kept: What `prepare` kept of it.
      finish: Returns the prediction; may be called in any thread.
    """

    image_id: str
    kept: Any
    finish: Callable[[], Any]


def predicted(
    predictor: batches.Predictor,
    source: schema.Source,
    image_ids: Iterable[str],
    prepare: Callable[[str, np.ndarray], tuple[Any, batches.Frames]],
    batch_size: int | None = None,
    unreadable: MutableMapping[str, str] | None = None,
) -> Iterator[Predicted]:
    """Predicts photographs in batches; memory does not grow with their number.

    Args:
      predictor: Of the network.
      source: Photographs.
      image_ids: Which of them.
      prepare: Takes an image id and a [height, width, 3] uint8 RGB photograph,
        in the thread that read it; returns what to keep of it, and what
        `predictor.frame` returns for it or for a smaller copy.
      batch_size: Photographs per batch; None takes batches.default_size. Never
        more than the predictor allows.
      unreadable: As read_ahead.photographs takes it.

    Yields:
      Photographs in order.

    Raises:
      OSError: As read_ahead.photographs.
      ValueError: Likewise, or if the network raises one; the names of the
        images are added.
    """
    size = batch_size or batches.default_size()
    if predictor.max_batch_size is not None:
        size = min(size, predictor.max_batch_size)
    read = read_ahead.photographs(
        source, image_ids, unreadable, prepare, most=size + 2
    )
    framed = (
        ((image_id, kept, frames.places), frames.inputs)
        for image_id, (kept, frames) in read
    )
    for (image_id, kept, places), outputs in batches.in_batches(
        predictor.run, framed, size, name=operator.itemgetter(0)
    ):
        finish = functools.partial(predictor.finish, outputs, places)
        yield Predicted(image_id, kept, finish)
