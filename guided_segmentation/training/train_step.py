"""One step of training on all replicas."""

from __future__ import annotations

import keras
import tensorflow as tf

from guided_segmentation.training import loss_scale, optimizers


class TrainStep(tf.Module):
    """Computes the gradients of a batch and updates the weights.

    Attributes:
      num_labelled: int64 variable, the labels that the steps so far counted.
    """

    def __init__(
        self,
        task,
        network: keras.Model,
        optimizer: optimizers.LayerwiseOptimizer,
        strategy: tf.distribute.Strategy,
        scale: loss_scale.LossScale | None,
    ):
        """Takes what one step needs.

        Args:
          task: A trainer.Task.
          network: What its build_network returned.
          optimizer: Optimizer of the network's variables.
          strategy: Devices that train.
          scale: Factor on the loss; None does not scale it.
        """
        super().__init__()
        self._task, self._network = task, network
        self._optimizer, self._strategy = optimizer, strategy
        self._scale = scale
        self.num_labelled = tf.Variable(0, dtype=tf.int64, trainable=False)

    def __call__(self, batch: dict) -> tf.Tensor:
        """Applies one step; leaves it out if scaled gradients overflow.

        Args:
          batch: As strategies.distribute yields it.

        Returns:
          The loss, a float32 scalar.
        """
        losses, counts, gradients = self._strategy.run(
            self._gradients, args=(batch,)
        )
        self.num_labelled.assign_add(self._sum(counts))
        if self._scale is None:
            self._apply(gradients)
        else:
            self._apply_if_finite(gradients)
        return self._sum(losses)

    def _gradients(self, batch):
        """This replica's part of the loss, its labels, and the gradients."""
        scale = 1.0 if self._scale is None else self._scale.value
        task, variables = self._task, self._network.trainable_variables
        with tf.GradientTape() as tape, task.noise_context(batch["seed"]):
            output = self._network(batch[task.input_key], training=True)
            targets = [batch[key] for key in task.target_keys]
            loss = task.loss(*targets, output)
            scaled_loss = loss * scale
        gradients = tape.gradient(scaled_loss, variables)
        count = tf.cast(task.num_labelled(targets[0]), tf.int64)
        return loss, count, _global_gradients(gradients, scale)

    def _apply(self, gradients):
        """Updates the weights.

        Called outside of the replicas, since Keras cannot update inside of a
        tf.cond there.
        """

        def apply(gradients):
            variables = self._network.trainable_variables
            count = self._strategy.num_replicas_in_sync
            self._optimizer.apply(gradients, variables, count)

        self._strategy.run(apply, args=(gradients,))

    def _apply_if_finite(self, gradients):
        each = self._strategy.run(loss_scale.are_finite, args=(gradients,))
        is_finite = self._strategy.experimental_local_results(each)[0]
        tf.cond(is_finite, lambda: self._apply(gradients), lambda: None)
        self._scale.update(is_finite)

    def _sum(self, values):
        return self._strategy.reduce("SUM", values, axis=None)


def _global_gradients(gradients, scale):
    """Sums the gradients over the replicas and undoes the loss scale."""
    replica = tf.distribute.get_replica_context()
    total = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    return [gradient / scale for gradient in total]
