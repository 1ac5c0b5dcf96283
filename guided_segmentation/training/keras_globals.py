"""Precision policy and seeds of the process, set for one training run."""

import contextlib
import random
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

_NO_SEED = 87654321  # What TensorFlow reports if no seed was set.


@contextlib.contextmanager
def training_globals(precision: str, seed: int) -> Iterator[None]:
    """Sets Keras's precision policy and all seeds inside; restores them after.

    Python's and NumPy's random numbers go on where they were. TensorFlow and
    Keras do not show the state of theirs: TensorFlow's start again at the
    caller's seed, Keras's at one that follows from Python's state.

    Args:
      precision: Name of a Keras policy.
      seed: Seed of Python, NumPy and TensorFlow.
    """
    policy = keras.mixed_precision.global_policy().name
    states = random.getstate(), np.random.get_state()
    tf_seed, _ = tf.compat.v1.get_seed(1)
    try:
        keras.utils.set_random_seed(seed)
        keras.mixed_precision.set_global_policy(precision)
        yield
    finally:
        keras.mixed_precision.set_global_policy(policy)
        random.setstate(states[0])
        keras.utils.set_random_seed(random.randrange(2**31))
        random.setstate(states[0])
        np.random.set_state(states[1])
        tf.random.set_seed(None if tf_seed == _NO_SEED else tf_seed)
