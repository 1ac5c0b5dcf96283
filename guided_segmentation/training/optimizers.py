"""Optimizers with a learning rate and weight decay per variable, as in Caffe.

Variables with the same learning rate multiplier (Caffe's lr_mult) share one
Keras optimizer. Scaling their gradients instead would have no effect in Adam.
Weight decay is added to the gradient.

Source: Oh et al., CVPR 2017, appendices B.2 and F; the authors' release.
"""

from __future__ import annotations

import dataclasses

import keras
import tensorflow as tf

from guided_segmentation.training import summed_optimizers


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Settings of the optimizer; the defaults are the paper's.

    Attributes:
      algorithm: "sgd", the paper's, or "adam", which reaches a lower loss in
        short trainings.
      learning_rate: Learning rate of the first step.
      schedule: "step" divides the learning rate by ten every
        `lr_decay_steps`; "poly" decays it to zero as
        (1 - step / num_steps) ** 0.9 (DeepLabv2).
      lr_decay_steps: Steps between two divisions.
      momentum: Fraction of the last update that is added to the next one.
      weight_decay: L2 penalty of kernels; biases have none.
      head_lr_multiplier: Factor on the learning rate of `head_layers`.
      head_layers: Names of the layers without pretrained weights.
      clip_norm: Maximum norm of the gradient over all variables, as Caffe's
        clip_gradients; 0 does not clip. Networks without pretrained weights
        need it for large learning rates.
    """

    algorithm: str = "sgd"
    learning_rate: float = 1e-3
    schedule: str = "step"
    lr_decay_steps: int = 2000
    momentum: float = 0.9
    weight_decay: float = 5e-4
    head_lr_multiplier: float = 10.0
    head_layers: tuple[str, ...] = ("score", "fc8")
    clip_norm: float = 0.0


ALGORITHMS = ("sgd", "adam")
SCHEDULES = ("step", "poly")


def learning_rate(
    settings: OptimizerSettings, num_steps: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns the schedule: a function from step to learning rate.

    Args:
      settings: Its algorithm, momentum and decay do not matter.
      num_steps: Last step, where "poly" reaches zero.

    Raises:
      ValueError: If the schedule is neither step nor poly.
    """
    schedules = keras.optimizers.schedules
    if settings.schedule == "step":
        return schedules.ExponentialDecay(
            settings.learning_rate, settings.lr_decay_steps, 0.1, staircase=True
        )
    if settings.schedule == "poly":
        return schedules.PolynomialDecay(
            settings.learning_rate, num_steps, 0.0, power=0.9
        )
    raise ValueError(
        f"no schedule {settings.schedule!r}; it is one of {SCHEDULES}"
    )


def build(
    settings: OptimizerSettings, num_steps: int
) -> keras.optimizers.Optimizer:
    """Builds one Keras optimizer with the schedule.

    On several replicas it takes gradients that are summed over them.

    Args:
      settings: Its weight decay, head and clipping do not matter.
      num_steps: As `learning_rate` takes it.

    Raises:
      ValueError: If the algorithm is neither sgd nor adam.
    """
    schedule = learning_rate(settings, num_steps)
    if settings.algorithm == "sgd":
        return summed_optimizers.SGD(schedule, momentum=settings.momentum)
    if settings.algorithm == "adam":
        return summed_optimizers.Adam(schedule)
    raise ValueError(
        f"no algorithm {settings.algorithm!r}; it is one of {ALGORITHMS}"
    )


def multipliers(
    network: keras.Model, settings: OptimizerSettings
) -> list[tuple[float, float]]:
    """Returns the multipliers of each trainable variable.

    Args:
      network: Any Keras model.
      settings: Its `head_layers` and `head_lr_multiplier` matter.

    Returns:
      Pairs of Caffe's lr_mult and decay_mult: (1, 1) for kernels and (2, 0)
      for biases, the lr_mult times `head_lr_multiplier` in the head.
    """
    pairs = []
    for layer in network.layers:
        is_head = layer.name in settings.head_layers
        factor = settings.head_lr_multiplier if is_head else 1.0
        for variable in layer.trainable_weights:
            is_kernel = len(variable.shape) > 1
            pairs.append((factor * (1 if is_kernel else 2), int(is_kernel)))
    return pairs


class LayerwiseOptimizer:
    """Clips gradients, adds weight decay and updates the variables.

    Attributes:
      by_multiplier: Keras optimizers by learning rate multiplier, as text; to
        be saved in checkpoints.
    """

    def __init__(
        self, network: keras.Model, settings: OptimizerSettings, num_steps: int
    ):
        """Builds the optimizers of all trainable variables of `network`."""
        self._settings = settings
        self._multipliers = multipliers(network, settings)
        self.by_multiplier = {}
        variables = network.trainable_variables
        for multiplier in sorted({lr_mult for lr_mult, _ in self._multipliers}):
            learning_rate = settings.learning_rate * multiplier
            optimizer = build(
                dataclasses.replace(settings, learning_rate=learning_rate),
                num_steps,
            )
            optimizer.build(self._select(multiplier, variables))
            # 17 digits, so that float() restores the exact multiplier.
            self.by_multiplier[f"{multiplier:.17g}"] = optimizer

    def apply(self, gradients: list[tf.Tensor], variables: list) -> None:
        """Updates the variables once; every replica calls it.

        Args:
          gradients: Of the loss over the global batch, summed over the
            replicas; one per variable and of its shape, float32.
          variables: The trainable variables of the network.
        """
        updates = self._clipped_and_decayed(gradients, variables)
        pairs = list(zip(updates, variables, strict=True))
        for multiplier, optimizer in self.by_multiplier.items():
            optimizer.apply_gradients(self._select(float(multiplier), pairs))

    def _select(self, multiplier, items):
        """Returns the items of the variables with this lr_mult."""
        return [
            item
            for item, (lr_mult, _) in zip(items, self._multipliers, strict=True)
            if lr_mult == multiplier
        ]

    def _clipped_and_decayed(self, gradients, variables):
        if self._settings.clip_norm:
            gradients, _ = tf.clip_by_global_norm(
                gradients, self._settings.clip_norm
            )
        return [
            self._decayed(gradient, variable, decay_mult)
            for gradient, variable, (_, decay_mult) in zip(
                gradients, variables, self._multipliers, strict=True
            )
        ]

    def _decayed(self, gradient, variable, decay_mult):
        """Adds the gradient of the L2 penalty, if the variable has one."""
        decay = self._settings.weight_decay * decay_mult
        return gradient + decay * variable if decay else gradient
