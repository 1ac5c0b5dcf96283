"""Flag of the binaries that predict many photographs. Only they import this."""

from absl import flags

from guided_segmentation.networks import batches

PREDICTION_BATCH_SIZE = flags.DEFINE_integer(
    "prediction_batch_size",
    None,
    "Photographs that go through the network together. More make better use of "
    f"a GPU and need more memory. Not given: {batches.ON_CPU}, or "
    f"{batches.ON_GPU} on a GPU. Results are equal up to rounding, and with 1 "
    "bit for bit those of one photograph at a time.",
    lower_bound=1,
)
