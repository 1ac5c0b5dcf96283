"""tf.data pipelines: from image ids to batches of training examples.

Order and randomness are functions of the position in training alone, so a
run resumed at any step, on any number of replicas, sees the same examples.
"""

import functools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import tensorflow as tf

from guided_segmentation.datasets import class_balance, schema


def numpy_op(
    function: Callable[..., np.ndarray], output: tf.TensorSpec
) -> Callable[..., tf.Tensor]:
    """Lifts a NumPy function into a graph, with its dtype and shape intact.

    Left alone, `tf.py_function` forgets the rank of what it returns and casts
    a wrong dtype without a word.

    Args:
      function: Takes arrays (bytes for strings) and returns one array.
      output: What it returns; a `None` dimension fits any size.

    Returns:
      The same function on tensors. Never put it in a SavedModel: the graph
      keeps only a key to this process's `function`.
    """

    def call(*tensors):
        array = function(*(tensor.numpy() for tensor in tensors))
        if array.dtype != output.dtype.as_numpy_dtype:
            raise TypeError(
                f"{function.__name__} must return {output.dtype.name}, "
                f"but returned {array.dtype}"
            )
        return array

    @tf.autograph.experimental.do_not_convert
    def op(*tensors):
        result = tf.py_function(call, tensors, output.dtype)
        return tf.ensure_shape(result, output.shape)

    return op


def read(parts: Mapping[str, Callable[[str], np.ndarray]]) -> Callable:
    """Makes the map function that adds parts to an example.

    Args:
      parts: For some keys of schema.EXAMPLE, the function that makes that
        part of an example from its image id.

    Returns:
      A function from an example with "image_id" to one with the parts added.
    """
    makers = {
        key: numpy_op(_of_text(function), schema.EXAMPLE[key])
        for key, function in parts.items()
    }

    def add_parts(example: dict) -> dict:
        made = {k: make(example["image_id"]) for k, make in makers.items()}
        return {**example, **made}

    return add_parts


def shuffled(
    image_ids: tuple[str, ...], first: int, last: int, seed: int
) -> tf.data.Dataset:
    """Visits every image once an epoch, in an order of its own each epoch.

    Args:
      image_ids: Names of the images.
      first: Position of the first example to yield; 0 at the start.
      last: Position after the last one.
      seed: Fixes the order.

    Returns:
      Examples of "image_id" string, "index" int64 (into `image_ids`) and
      "seed" [2] int32, unique to the position.
    """
    count = len(image_ids)

    def index(position):
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
    """Visits every class once a cycle, in the order of `class_balance`.

    Args:
      image_ids: Names of the images.
      image_labels: [images, num_objects] bool.
      first: As `shuffled` takes it.
      last: As `shuffled` takes it.
      seed: Fixes the order.

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
      examples: What `shuffled` or `class_balanced` returns.
      transforms: Functions from example to example.
      batch_size: Examples a batch, over all replicas.

    Returns:
      Batches; a rest smaller than `batch_size` is dropped.
    """
    for transform in transforms:
        examples = examples.map(
            transform, tf.data.AUTOTUNE, deterministic=True
        )
    batches = examples.batch(batch_size, drop_remainder=True)
    return _untuned(batches.prefetch(tf.data.AUTOTUNE))


def in_order(
    image_ids: list[str], parts: Mapping[str, Callable[[str], np.ndarray]]
) -> Iterator[dict]:
    """Yields examples once, in order, read ahead of their use.

    Args:
      image_ids: Names of the images.
      parts: As `read` takes them.

    Yields:
      Examples with "image_id" as text and every part as an array.
    """
    dataset = tf.data.Dataset.from_tensor_slices({"image_id": list(image_ids)})
    dataset = dataset.map(read(parts), 2, deterministic=True).prefetch(2)
    for example in _untuned(dataset).as_numpy_iterator():
        yield {**example, "image_id": example["image_id"].decode()}


def _untuned(dataset):
    """Keeps TensorFlow's tuner off: as parallel as there are cores.

    The tuner looks at a pipeline ever more seldom, once a minute in the end,
    and the end of a training waits until it has looked once more.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _visits(image_ids, index, first, last, seed):
    """Examples of the images whose index a function of the position tells."""
    names = tf.constant(image_ids)

    def example(position):
        at = index(position)
        return {
            "image_id": names[at],
            "index": at,
            "seed": _seed(seed, position),
        }

    return tf.data.Dataset.range(first, last).map(example)


def _seed(seed, position):
    pair = tf.stack([tf.constant(seed, tf.int64), position])
    return tf.cast(pair, tf.int32)


def _of_text(function):
    @functools.wraps(function)
    def of_text(image_id: bytes):
        return function(image_id.decode())

    return of_text
