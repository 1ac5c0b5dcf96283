"""One step of training on all replicas."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf

from guided_segmentation.training import executions, loss_scale, optimizers


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
        execution: executions.Execution = executions.DIRECT,
    ):
        """Takes what one step needs.

        Args:
          task: A trainer.Task.
          network: What its build_network returned.
          optimizer: Optimizer of the network's variables.
          strategy: Devices that train.
          scale: Factor on the loss; None does not scale it.
          execution: How the step is computed.

        Raises:
          ValueError: If the task has no `counts` or `split` where the
            execution needs them.
        """
        super().__init__()
        _require_parts(task, execution)
        self._task, self._network = task, network
        self._optimizer, self._strategy = optimizer, strategy
        self._scale, self._num_parts = scale, execution.accumulate_steps
        networks = task.split(network) if execution.recompute else [network]
        self._lower, self._last = networks[:-1], networks[-1]
        self._part_gradients = self._direct_part_gradients
        if execution.jit_compile:
            self._part_gradients = tf.function(
                self._direct_part_gradients, jit_compile=True
            )
        self.num_labelled = tf.Variable(0, dtype=tf.int64, trainable=False)

    def __call__(self, batch: dict) -> tf.Tensor:
        """Applies one step; leaves it out if scaled gradients overflow.

        Args:
          batch: As strategies.distribute yields it.

        Returns:
          The loss, a float32 scalar.
        """
        if self._scale is None:
            losses, counts = self._strategy.run(self._update, args=(batch,))
        else:
            losses, counts = self._update_if_finite(batch)
        self.num_labelled.assign_add(self._sum(counts))
        return self._sum(losses)

    def _update(self, batch):
        """Updates the weights; returns this replica's loss and labels."""
        loss, count, gradients = self._gradients(batch)
        self._apply(gradients)
        return loss, count

    def _update_if_finite(self, batch):
        """Does `_update` on all replicas, unless a gradient overflows.

        The weights are updated by a second call of the replicas, since Keras
        cannot update inside of a tf.cond there.
        """
        losses, counts, gradients = self._strategy.run(
            self._gradients, args=(batch,)
        )
        each = self._strategy.run(loss_scale.are_finite, args=(gradients,))
        is_finite = self._strategy.experimental_local_results(each)[0]
        tf.cond(
            is_finite,
            lambda: self._strategy.run(self._apply, args=(gradients,)),
            lambda: None,
        )
        self._scale.update(is_finite)
        return losses, counts

    def _gradients(self, batch):
        """This replica's part of the loss, its labels, and the gradients.

        The gradients are summed over the replicas.
        """
        targets = self._targets(batch)
        totals = ()
        if self._task.counts is not None:
            totals = _summed(self._task.counts(*targets))
        loss, gradients = self._replica_gradients(batch, totals)
        gradients = _summed(gradients)
        if self._scale is not None:
            gradients = [each / self._scale.value for each in gradients]
        count = tf.cast(self._task.num_labelled(targets[0]), tf.int64)
        return loss, count, gradients

    def _replica_gradients(self, batch, totals):
        """This replica's part of the loss and of the gradients.

        A loop, not a list, over the parts of the batch: TensorFlow would
        compute the parts of a list side by side.
        """
        if self._num_parts == 1:
            return self._part_gradients(batch, totals)
        parts = {key: self._divided(value) for key, value in batch.items()}

        def add_part(index, loss, gradients):
            part = {key: value[index] for key, value in parts.items()}
            more, changes = self._part_gradients(part, totals)
            added = [a + b for a, b in zip(gradients, changes, strict=True)]
            return index + 1, loss + more, added

        variables = self._network.trainable_variables
        zeros = [tf.zeros(each.shape, each.dtype) for each in variables]
        _, loss, gradients = tf.while_loop(
            lambda index, *_: index < self._num_parts,
            add_part,
            (0, 0.0, zeros),
            parallel_iterations=1,
        )
        return loss, gradients

    def _direct_part_gradients(self, batch, totals):
        """Loss and gradients of a part of a replica's batch."""
        task, variables = self._task, self._network.trainable_variables
        with tf.GradientTape() as tape, task.noise_context(batch["seed"]):
            output = self._output(batch[task.input_key])
            loss = task.loss(*self._targets(batch), output, *totals)
            scaled = loss if self._scale is None else self._scale.value * loss
        return loss, tape.gradient(scaled, variables)

    def _output(self, inputs):
        """What the network returns; lower parts are computed again later."""
        for network in self._lower:
            forward = functools.partial(network, training=True)
            inputs = tf.recompute_grad(forward)(inputs)
        return self._last(inputs, training=True)

    def _targets(self, batch):
        return [batch[key] for key in self._task.target_keys]

    def _divided(self, values):
        """[parts, batch / parts, ...] of [batch, ...]."""
        return tf.reshape(values, [self._num_parts, -1, *values.shape[1:]])

    def _apply(self, gradients):
        """Updates this replica's weights."""
        self._optimizer.apply(gradients, self._network.trainable_variables)

    def _sum(self, values):
        return self._strategy.reduce("SUM", values, axis=None)


def _summed(tensors):
    """Sums tensors over the replicas, all in one call."""
    replica = tf.distribute.get_replica_context()
    return replica.all_reduce(tf.distribute.ReduceOp.SUM, tensors)


def _require_parts(task, execution):
    """Checks that the task can be computed so.

    Sums over the replicas cannot be inside of a loop or of a compiled part.
    """
    divides = execution.accumulate_steps > 1 or execution.jit_compile
    if divides and task.counts is None:
        raise ValueError("a task without counts is not divided or compiled")
    if execution.recompute and task.split is None:
        raise ValueError("a task without split is not recomputed")
