"""tf.data pipelines: from image ids to batches of training examples.

Order and randomness depend on the position in training alone, so a run
resumed at any step, on any number of replicas, sees the same examples.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import tensorflow as tf

from guided_segmentation.datasets import class_balance, example_specs


def numpy_op(
    function: Callable[..., np.ndarray], output: tf.TensorSpec
) -> Callable[..., tf.Tensor]:
    """Wraps a NumPy function as a TensorFlow operation, for use in a graph.

    It calls the function through `tf.py_function`, which by itself loses the
    rank of the result and silently casts a wrong dtype. Here the result has
    the shape of `output`, and another shape or dtype is an error.

    Args:
      function: Takes arrays (bytes for strings) and returns one array.
      output: Shape and dtype of the array, such as [None] int64; None fits a
        dimension of any size.

    Returns:
      The same function on tensors. It must not be part of a SavedModel, whose
      graph would refer to a function of this process.

    Example:
      >>> double = numpy_op(lambda x: 2 * x, tf.TensorSpec([None], tf.int64))
      >>> double(tf.constant([1, 2], tf.int64)).numpy().tolist()
      [2, 4]
    """

    def call(*tensors: tf.Tensor) -> np.ndarray:
        array = function(*(tensor.numpy() for tensor in tensors))
        if array.dtype != output.dtype.as_numpy_dtype:
            raise TypeError(
                f"{function.__name__} must return {output.dtype.name}, "
                f"but returned {array.dtype}"
            )
        return array

    @tf.autograph.experimental.do_not_convert
    def op(*tensors: tf.Tensor) -> tf.Tensor:
        result = tf.py_function(call, tensors, output.dtype)
        return tf.ensure_shape(result, output.shape)

    return op


def read(
    parts: Mapping[str, Callable[[str], np.ndarray]],
) -> Callable[[dict], dict]:
    """Makes the map function that adds parts to an example.

    Args:
      parts: For some keys of example_specs.EXAMPLE, a function from an image
        id to the array of that key.

    Returns:
      A function from an example with "image_id", [] string, to one with the
      parts added, tensors of the shapes and dtypes in example_specs.EXAMPLE.
    """
    makers = {
        key: numpy_op(_of_text(function), example_specs.EXAMPLE[key])
        for key, function in parts.items()
    }

    @tf.autograph.experimental.do_not_convert
    def add_parts(example: dict) -> dict:
        made = {k: make(example["image_id"]) for k, make in makers.items()}
        return {**example, **made}

    return add_parts


def shuffled(
    image_ids: tuple[str, ...], first: int, last: int, seed: int
) -> tf.data.Dataset:
    """Visits every image once per epoch, each epoch in another order.

    Args:
      image_ids: Ids of the images.
      first: Position of the first example to yield; 0 at the start.
      last: Position after the last one.
      seed: Determines the order.

    Returns:
      Examples of "image_id" string, "index" int64 (into `image_ids`) and
      "seed" [2] int32, different at each position.
    """
    count = len(image_ids)

    def index(position: tf.Tensor) -> tf.Tensor:
        epoch = _seed(seed, position // count)
        return tf.random.experimental.index_shuffle(
            position % count, epoch, count - 1
        )

    return _visits(image_ids, index, first, last, seed)


def class_balanced(
    image_ids: tuple[str, ...],
    image_labels: np.ndarray,
    first: int,
    last: int,
    seed: int,
) -> tf.data.Dataset:
    """Visits every class once per cycle, in the order of `class_balance`.

    Args:
      image_ids: Ids of the images.
      image_labels: [images, num_objects] bool.
      first: Position of the first example to yield; 0 at the start.
      last: Position after the last one.
      seed: Determines the order.

    Returns:
      Examples as `shuffled` returns them.

    Raises:
      ValueError: If no image has an object.
    """
    order = tf.constant(class_balance.order(image_labels, last, seed))
    return _visits(image_ids, order.__getitem__, first, last, seed)


def training_batches(
    examples: tf.data.Dataset, transforms: list[Callable], batch_size: int
) -> tf.data.Dataset:
    """Maps examples through transforms, in order, and batches them.

    Args:
      examples: As `shuffled` or `class_balanced` returns them.
      transforms: Functions from example to example.
      batch_size: Examples per batch, over all replicas.

    Returns:
      Batches; a last one of fewer than `batch_size` examples is dropped.
    """
    for transform in transforms:
        transform = tf.autograph.experimental.do_not_convert(transform)
        examples = examples.map(transform, tf.data.AUTOTUNE, deterministic=True)
    batches = examples.batch(batch_size, drop_remainder=True)
    return _without_autotune(batches.prefetch(tf.data.AUTOTUNE))


def part_of_batches(
    examples: tf.data.Dataset, batch_size: int, part: slice
) -> tf.data.Dataset:
    """Keeps the examples of every batch that one of several workers computes.

    Args:
      examples: As `shuffled` or `class_balanced` returns them, from the first
        of a batch on; what is dropped is not read.
      batch_size: Examples per batch, over all workers.
      part: Which examples of a batch to keep.
    """

    def kept(batch: dict) -> dict:
        return {key: value[part] for key, value in batch.items()}

    return examples.batch(batch_size, drop_remainder=True).map(kept).unbatch()


def in_order(
    image_ids: list[str],
    parts: Mapping[str, Callable[[str], np.ndarray]],
    num_threads: int = 2,
) -> Iterator[dict]:
    """Yields each example once, in order; reads up to a few ahead.

    Args:
      image_ids: Ids of the images.
      parts: As `read` takes them.
      num_threads: How many examples are read side by side.

    Yields:
      Examples with "image_id" as text and every part as an array of the shape
      and dtype in example_specs.EXAMPLE.
    """
    dataset = tf.data.Dataset.from_tensor_slices({"image_id": list(image_ids)})
    dataset = dataset.map(read(parts), num_threads, deterministic=True)
    dataset = dataset.prefetch(2)
    for example in _without_autotune(dataset).as_numpy_iterator():
        yield {**example, "image_id": example["image_id"].decode()}


def _without_autotune(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Turns autotune off; maps then run on as many threads as there are cores.

    Autotune's period grows to 60 s, and the end of a training waits for it.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _visits(
    image_ids: tuple[str, ...],
    index: Callable[[tf.Tensor], tf.Tensor],
    first: int,
    last: int,
    seed: int,
) -> tf.data.Dataset:
    """Yields the image with number `index(position)` at each position."""
    names = tf.constant(image_ids)

    @tf.autograph.experimental.do_not_convert
    def example(position: tf.Tensor) -> dict:
        at = index(position)
        return {
            "image_id": names[at],
            "index": at,
            "seed": _seed(seed, position),
        }

    return tf.data.Dataset.range(first, last).map(example)


def _seed(seed: int, position: tf.Tensor) -> tf.Tensor:
    """[2] int32, the seed of the run and the position."""
    pair = tf.stack([tf.constant(seed, tf.int64), position])
    return tf.cast(pair, tf.int32)


def _of_text(
    function: Callable[[str], np.ndarray],
) -> Callable[[bytes], np.ndarray]:
    @functools.wraps(function)
    def of_text(image_id: bytes) -> np.ndarray:
        return function(image_id.decode())

    return of_text
