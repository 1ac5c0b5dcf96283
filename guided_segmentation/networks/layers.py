"""Layers that Keras lacks."""

from __future__ import annotations

import contextlib
import contextvars
import zlib
from collections.abc import Iterator

import keras
import tensorflow as tf

_SEEDS = contextvars.ContextVar("seeds of this replica's examples")


@contextlib.contextmanager
def example_seeds(seeds: tf.Tensor) -> Iterator[None]:
    """Sets the seeds of the noise for the networks called inside.

    Args:
      seeds: [batch, 2] int32, one seed per example.

    Yields:
      Nothing; networks called with training=True use the seeds.
    """
    token = _SEEDS.set(seeds)
    try:
        yield
    finally:
        _SEEDS.reset(token)


@keras.utils.register_keras_serializable("guided_segmentation")
class ExampleDropout(keras.layers.Layer):
    """Drops activations; its noise depends on example and layer alone.

    Keras draws noise from a random number generator of the process, so two
    replicas do not compute the step of one device, and a resumed run does not
    continue bit for bit. Here both do.

    Source: Srivastava et al., JMLR 2014.
    """

    def __init__(self, rate: float, **kwargs):
        """Drops activations in training.

        Args:
          rate: Probability in [0, 1) of each activation to be dropped.
          **kwargs: As keras.layers.Layer takes them.
        """
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs, training=False):
        """Drops and rescales activations while training.

        Args:
          inputs: [batch, ...] float.
          training: Whether to drop; if not, `inputs` are returned.

        Returns:
          [batch, ...], the dtype of `inputs`; their mean is unchanged.

        Raises:
          ValueError: If training outside `example_seeds`.
        """
        if not training or self.rate == 0:
            return inputs
        seeds = _SEEDS.get(None)
        if seeds is None:
            raise ValueError(
                f"{self.name}: training needs the examples' seeds; call the "
                f"network inside layers.example_seeds(...)"
            )
        keep = self._keep_masks(seeds, tf.shape(inputs)[1:])
        return inputs * tf.cast(keep, inputs.dtype) / (1.0 - self.rate)

    def get_config(self) -> dict:
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "rate": self.rate}

    def _keep_masks(self, seeds, shape):
        layer_hash = zlib.crc32(self.name.encode()) & 0x7FFFFFFF

        def keep_mask(seed):
            noise = tf.random.stateless_uniform(
                shape, tf.random.fold_in(seed, layer_hash)
            )
            return noise >= self.rate

        return tf.map_fn(keep_mask, seeds, fn_output_signature=tf.bool)


@keras.utils.register_keras_serializable("guided_segmentation")
class DilatedPool(keras.layers.Layer):
    """Max pooling over 3x3 places that lie `dilation` places apart."""

    def __init__(self, dilation: int, **kwargs):
        """Stores the dilation.

        Args:
          dilation: At least 1.
          **kwargs: As keras.layers.Layer takes them.
        """
        super().__init__(**kwargs)
        self.dilation = dilation

    def call(self, inputs):
        """Returns the maxima of the windows that lie inside.

        Args:
          inputs: [batch, rows, columns, channels] float.

        Returns:
          [batch, rows - 2 * dilation, columns - 2 * dilation, channels].
        """
        return tf.nn.pool(inputs, [3, 3], "MAX", dilations=2 * [self.dilation])

    def get_config(self) -> dict:
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "dilation": self.dilation}
