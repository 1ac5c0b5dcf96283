"""Flag of the binaries that run dense CRFs. Only they import this module."""

import contextlib

from absl import flags

from guided_segmentation import crf

NUM_WORKERS = flags.DEFINE_integer(
    "num_workers",
    None,
    "Processes that run dense CRFs; 0 runs them in this process, one at a "
    "time. Results are the same. Not given: one for each core.",
    lower_bound=0,
)


def use_workers() -> contextlib.AbstractContextManager[None]:
    """Returns the context in which dense CRFs run in workers."""
    return crf.use_workers(NUM_WORKERS.value)
