"""Dropout that draws the same noise on any replica and after any resume.

Keras draws noise from a state of the process, so two replicas never step as
one device does and a resumed run never continues bit for bit. Here the noise
is a function of the example and the layer.

Source of dropout: Srivastava et al., JMLR 2014.
"""

import contextlib
import contextvars
import zlib
from collections.abc import Iterator

import keras
import tensorflow as tf

_SEEDS = contextvars.ContextVar("seeds of the examples of this replica")


@contextlib.contextmanager
def example_seeds(seeds: tf.Tensor) -> Iterator[None]:
    """Gives each example of a batch the seed of its noise.

    Args:
      seeds: [batch, 2] int32.

    Yields:
      Nothing; networks called inside with training=True use the seeds.
    """
    token = _SEEDS.set(seeds)
    try:
        yield
    finally:
        _SEEDS.reset(token)


@keras.utils.register_keras_serializable("guided_segmentation")
class ExampleDropout(keras.layers.Layer):
    """Drops activations by noise that depends on example and layer alone."""

    def __init__(self, rate: float, **kwargs):
        """Drops a share `rate` in [0, 1) of the activations in training."""
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, inputs, training=False):
        """Returns `inputs`, thinned and rescaled while training.

        Raises:
          ValueError: If training outside `example_seeds`.
        """
        if not training or self.rate == 0:
            return inputs
        seeds = _SEEDS.get(None)
        if seeds is None:
            raise ValueError(
                f"{self.name}: training needs the examples' seeds; call the "
                f"network inside dropout.example_seeds(...)"
            )
        keep = self._keep(seeds, tf.shape(inputs)[1:])
        return inputs * tf.cast(keep, inputs.dtype) / (1.0 - self.rate)

    def get_config(self) -> dict:
        """Returns what rebuilds the layer."""
        return {**super().get_config(), "rate": self.rate}

    def _keep(self, seeds, shape):
        layer = zlib.crc32(self.name.encode()) & 0x7FFFFFFF

        def one(seed):
            noise = tf.random.stateless_uniform(
                shape, tf.random.fold_in(seed, layer)
            )
            return noise >= self.rate

        return tf.map_fn(one, seeds, fn_output_signature=tf.bool)
