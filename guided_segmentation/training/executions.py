"""How a training step is computed: settings that leave its result as it is."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Execution:
    """How a step is computed. Its result is the same but for rounding.

    Attributes:
      jit_compile: Whether XLA compiles the forward and the backward pass.
      accumulate_steps: Parts into which each replica divides its part of a
        batch. They are computed one after the other and their gradients
        added up, so that memory holds the activations of one part.
      recompute: Whether the backward pass computes the activations of all
        parts of the network but the last once more, instead of keeping them.
    """

    jit_compile: bool = False
    accumulate_steps: int = 1
    recompute: bool = False


DIRECT = Execution()
