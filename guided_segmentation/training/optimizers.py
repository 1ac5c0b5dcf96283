"""Steps as Caffe takes them: rates and decay of their own for each variable.

Variables of one rate (Caffe's lr_mult) share one Keras optimiser, so that
rates hold for Adam as they do for SGD; decay is a term of the gradient.

Source: Oh et al., CVPR 2017, appendices B.2 and F; the authors' release.
"""

import dataclasses

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Settings of the optimiser; the defaults are the paper's.

    Attributes:
      algorithm: "sgd", the paper's, or "adam", which gets further in few
        steps.
      learning_rate: Step size of the first step.
      schedule: "step" drops the rate by ten every `lr_decay_steps`; "poly"
        lowers it to zero as (1 - step / num_steps) ** 0.9 (DeepLabv2).
      lr_decay_steps: Steps between two drops.
      momentum: Share of the last step that the next one keeps.
      weight_decay: L2 penalty of kernels; biases have none.
      head_lr_multiplier: Factor on the rate of `head_layers`.
      head_layers: Layers that start fresh.
      clip_norm: Longest gradient over all variables, as Caffe's
        clip_gradients; 0 does not clip. Networks without pretrained weights
        need it to start fast.
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

    Raises:
      ValueError: If the schedule has another name than step or poly.
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
    """Builds one Keras optimiser under the schedule.

    Raises:
      ValueError: If the algorithm has another name than sgd or adam.
    """
    rate = learning_rate(settings, num_steps)
    if settings.algorithm == "sgd":
        return keras.optimizers.SGD(rate, momentum=settings.momentum)
    if settings.algorithm == "adam":
        return keras.optimizers.Adam(rate)
    raise ValueError(
        f"no algorithm {settings.algorithm!r}; it is one of {ALGORITHMS}"
    )


def multipliers(
    network: keras.Model, settings: OptimizerSettings
) -> list[tuple[float, float]]:
    """Returns (lr_mult, decay_mult) for each trainable variable.

    Kernels (1, 1) and biases (2, 0), times `head_lr_multiplier` in the head.
    """
    rates = []
    for layer in network.layers:
        is_head = layer.name in settings.head_layers
        factor = settings.head_lr_multiplier if is_head else 1.0
        for variable in layer.trainable_weights:
            is_kernel = len(variable.shape) > 1
            rates.append((factor * (1 if is_kernel else 2), int(is_kernel)))
    return rates


class LayerwiseOptimizer:
    """Clips, decays and steps, each variable at its own rate.

    Attributes:
      by_rate: A Keras optimiser for each rate, by its text; to checkpoint.
    """

    def __init__(
        self, network: keras.Model, settings: OptimizerSettings, num_steps: int
    ):
        """Prepares the steps of all trainable variables of `network`."""
        self._settings = settings
        self._rates = multipliers(network, settings)
        self.by_rate = {}
        variables = network.trainable_variables
        for rate in sorted({rate for rate, _ in self._rates}):
            scaled = settings.learning_rate * rate
            optimizer = build(
                dataclasses.replace(settings, learning_rate=scaled), num_steps
            )
            optimizer.build(self._of_rate(rate, variables))
            self.by_rate[f"{rate:.17g}"] = optimizer  # Reads back as it was.

    def apply(
        self, gradients: list[tf.Tensor], variables: list, replicas: int = 1
    ) -> None:
        """Takes one step.

        Args:
          gradients: Of the loss over the global batch, one a variable.
          variables: The trainable variables of the network.
          replicas: How many replicas step at once; Keras sums over them.
        """
        shares = [
            gradient / replicas
            for gradient in self._decayed(gradients, variables)
        ]
        pairs = list(zip(shares, variables, strict=True))
        for rate, optimizer in self.by_rate.items():
            optimizer.apply_gradients(self._of_rate(float(rate), pairs))

    def _of_rate(self, rate, items):
        """Keeps the items of the variables that have this rate."""
        return [
            item
            for item, (own, _) in zip(items, self._rates, strict=True)
            if own == rate
        ]

    def _decayed(self, gradients, variables):
        if self._settings.clip_norm:
            gradients, _ = tf.clip_by_global_norm(
                gradients, self._settings.clip_norm
            )
        return [
            gradient + self._settings.weight_decay * decay * variable
            for gradient, variable, (_, decay) in zip(
                gradients, variables, self._rates, strict=True
            )
        ]
