"""SGD as Caffe does it: rates and decay of their own for each variable.

Caffe's lr_mult is the same as scaling that variable's gradient before SGD
with momentum, and its decay is a term of the gradient.

Source: Oh et al., CVPR 2017, appendices B.2 and F; the authors' release.
"""

import dataclasses

import keras
import tensorflow as tf


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Settings of the optimiser; the defaults are the paper's.

    Attributes:
      algorithm: "sgd", the paper's, or "adam", which starts networks without
        pretrained weights faster; to Adam, rates of layers mean nothing.
      learning_rate: Step size of the first step.
      schedule: "step" drops the rate by ten every `drop_steps` steps; "poly"
        lowers it to zero as (1 - step / num_steps) ** 0.9 (DeepLabv2).
      drop_steps: Steps between two drops.
      momentum: Share of the last step that the next one keeps.
      weight_decay: L2 penalty of kernels; biases have none.
      head_rate: Factor on the rate of `head_layers`.
      head_layers: Layers that start fresh.
      clip_norm: Longest gradient over all variables, as Caffe's
        clip_gradients; 0 does not clip. Networks without pretrained weights
        need it to start fast.
    """

    algorithm: str = "sgd"
    learning_rate: float = 1e-3
    schedule: str = "step"
    drop_steps: int = 2000
    momentum: float = 0.9
    weight_decay: float = 5e-4
    head_rate: float = 10.0
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
            settings.learning_rate, settings.drop_steps, 0.1, staircase=True
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
    """Builds the optimiser under the schedule.

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

    Kernels (1, 1) and biases (2, 0), both times `head_rate` in the head.
    """
    rates = []
    for layer in network.layers:
        factor = settings.head_rate if layer.name in settings.head_layers else 1
        for variable in layer.trainable_weights:
            is_kernel = len(variable.shape) > 1
            rates.append((factor * (1 if is_kernel else 2), int(is_kernel)))
    return rates


def caffe_gradients(
    gradients: list[tf.Tensor],
    variables: list,
    rates: list[tuple[float, float]],
    settings: OptimizerSettings,
) -> list[tf.Tensor]:
    """Clips the gradients, adds the decay and scales each by its rate.

    Args:
      gradients: Of the loss over the global batch.
      variables: The variables, in the same order.
      rates: What `multipliers` returned.
      settings: Weight decay and clipping.

    Returns:
      Gradients to give to SGD.
    """
    if settings.clip_norm:
        gradients, _ = tf.clip_by_global_norm(gradients, settings.clip_norm)
    return [
        rate * (gradient + settings.weight_decay * decay * variable)
        for gradient, variable, (rate, decay) in zip(
            gradients, variables, rates, strict=True
        )
    ]
