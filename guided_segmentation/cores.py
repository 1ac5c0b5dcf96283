"""The CPU cores that this process may use."""

import os


def count() -> int:
    """Returns the number of cores: those that the process is bound to, or all.

    Systems other than Linux do not tell to which cores a process is bound.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
