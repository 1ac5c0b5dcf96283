"""Keras optimizers of gradients that are summed over the replicas."""

import keras


class _Summed:
    """A Keras optimizer of gradients that are summed over the replicas.

    By itself it would sum them once more: every replica would send as many
    bytes as the network has weights, for a sum of equal terms.
    """

    def aggregate_gradients(self, grads_and_vars):
        """Returns the gradients as they are; Keras 2 calls this."""
        return grads_and_vars

    def _all_reduce_sum_gradients(self, grads_and_vars):
        """Returns the gradients as they are; Keras 3 calls this."""
        return grads_and_vars


class SGD(_Summed, keras.optimizers.SGD):
    """Keras's SGD, of gradients that are summed over the replicas."""


class Adam(_Summed, keras.optimizers.Adam):
    """Keras's Adam, of gradients that are summed over the replicas."""
