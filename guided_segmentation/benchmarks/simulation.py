"""How fast worker processes would be on more cores than the machine has."""

import heapq
from collections.abc import Sequence


def fraction_of_linear(
    service: Sequence[float], overhead: float, num_workers: int
) -> float:
    """Simulates workers that take images in order, and returns their speed-up.

    One process hands out the images; each takes `overhead` of it, for copies
    to and from shared memory and for the caller's arrays, and Python's lock
    lets it prepare one image at a time. A worker that is free takes the next
    image that is ready. Start-up of the workers is not counted.

    >>> fraction_of_linear([1.0] * 8, 0.0, 4)
    1.0
    >>> fraction_of_linear([1.0, 1.0, 1.0], 0.0, 2)
    0.75

    Args:
      service: Measured seconds of each image in a worker, at least one.
      overhead: Measured seconds of an image in the process that hands it out.
      num_workers: At least 1.

    Returns:
      Speed-up beside one image after the other in one process, over
      `num_workers`; 1 is linear.
    """
    free = [0.0] * num_workers  # When each worker is free; a heap.
    ready = 0.0
    for seconds in service:
        ready += overhead
        heapq.heapreplace(free, max(ready, free[0]) + seconds)
    return sum(service) / max(free) / num_workers
