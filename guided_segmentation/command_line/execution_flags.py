"""Flags of how a training step is computed, and of what it reads again."""

import functools
from collections.abc import Callable

from absl import flags

from guided_segmentation import artifacts, user_cache
from guided_segmentation.training import executions

JIT_COMPILE = flags.DEFINE_bool(
    "jit_compile",
    False,
    "Compile the forward and the backward pass with XLA. Faster on many GPUs; "
    "on CPUs a step takes three times as long, and more memory.",
)
ACCUMULATE_STEPS = flags.DEFINE_integer(
    "accumulate_steps",
    1,
    "Parts into which a batch is divided on each replica. They are computed "
    "one after the other and their gradients added up, so that memory holds "
    "one part; the result is that of the whole batch. --batch_size must be a "
    "multiple of it, times the replicas.",
    lower_bound=1,
)
RECOMPUTE = flags.DEFINE_bool(
    "recompute",
    False,
    "Compute activations once more in the backward pass instead of keeping "
    "them: less memory, up to a third more time, the same gradients.",
)
CACHE_GIB = flags.DEFINE_float(
    "cache_gib",
    2.0,
    "Disk space in GiB for decoded photographs and label maps, which all "
    "trainings share: later epochs and runs do not decode them again. They are "
    "kept in ~/.cache/guided_segmentation (or $GUIDED_SEGMENTATION_CACHE). A "
    "photograph of 500x375 pixels takes 0.6 MB. 0 turns it off; results are "
    "the same.",
    lower_bound=0.0,
)


def execution() -> executions.Execution:
    """Returns how a step is computed, from the flags."""
    return executions.Execution(
        jit_compile=JIT_COMPILE.value,
        accumulate_steps=ACCUMULATE_STEPS.value,
        recompute=RECOMPUTE.value,
    )


def caching(main: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Makes the main function of a binary read through --cache_gib.

    Args:
      main: Takes the arguments that are no flags.
    """

    @functools.wraps(main)
    def cached_main(argv: list[str]) -> None:
        max_bytes = int(CACHE_GIB.value * 2**30)
        with artifacts.use_store(user_cache.path("decoded"), max_bytes):
            main(argv)

    return cached_main
