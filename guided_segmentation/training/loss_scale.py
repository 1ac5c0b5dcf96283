"""Dynamic loss scaling for float16.

Source: Micikevicius et al., "Mixed precision training", ICLR 2018, section
3.2.
"""

from __future__ import annotations

import tensorflow as tf

INITIAL = 2.0**15
MAXIMUM = 2.0**24
GROWTH_STEPS = 2000  # Steps without overflow, after which the scale doubles.


class LossScale(tf.Module):
    """A factor on the loss, since small float16 gradients underflow to 0.

    A step whose gradients are not finite is left out and halves the factor.

    Attributes:
      value: The factor, a float32 variable; a checkpoint saves it.
    """

    def __init__(self):
        """Starts at INITIAL."""
        super().__init__()
        self.value = tf.Variable(INITIAL, trainable=False)
        self._finite_steps = tf.Variable(0, trainable=False)

    def update(self, is_finite: tf.Tensor) -> None:
        """Changes the factor after a step.

        Args:
          is_finite: [] bool, whether all gradients were finite.
        """
        count = tf.where(is_finite, self._finite_steps + 1, 0)
        doubles = count >= GROWTH_STEPS
        grown = tf.where(doubles, 2.0 * self.value, self.value)
        changed = tf.where(is_finite, grown, self.value / 2.0)
        self.value.assign(tf.minimum(changed, MAXIMUM))
        self._finite_steps.assign(tf.where(doubles, 0, count))

    @property
    def is_exhausted(self) -> bool:
        """Whether gradients overflow without any scaling."""
        return float(self.value) < 1.0


def are_finite(gradients: list[tf.Tensor]) -> tf.Tensor:
    """Returns whether all gradients are finite, [] bool.

    Args:
      gradients: Float tensors of any shape each.
    """
    each = [tf.reduce_all(tf.math.is_finite(tensor)) for tensor in gradients]
    return tf.reduce_all(each)
