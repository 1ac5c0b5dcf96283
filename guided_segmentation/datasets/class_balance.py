"""Which image comes when, so that rare classes come as often as common ones.

Source: the class-balanced batches ("clsbal") of the authors' release of Oh et
al., CVPR 2017; their final script shuffles instead.
"""

import numpy as np


def order(image_labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns the images that training visits, in cycles over the classes.

    A cycle takes the classes in random order. Each one that no image of the
    cycle has shown yet gets one of its images: of those that repeat the fewest
    classes, of those drawn least often so far, any. A cycle so shows every
    class of the data, and shows it once where the images allow it.

    The release draws images that repeat no class at all, and starts anew as
    soon as some class has none left; here a cycle is always completed.

    Args:
      image_labels: [images, num_objects] bool. An image without any object is
        never drawn, and a class without any image never waited for.
      count: How many examples to draw; the last cycle may be cut.
      seed: Fixes the order. That of a larger `count` begins the same.

    Returns:
      [count] int64 indices of images.

    Raises:
      ValueError: If no image has an object.
    """
    if not image_labels.any():
        raise ValueError(
            f"wanted an object to balance classes by, found none in the image "
            f"labels of {len(image_labels)} images; shuffle them"
        )
    random = np.random.default_rng(seed)
    draws = np.zeros(len(image_labels), np.int64)
    indices = []
    while len(indices) < count:
        cycle = _cycle(image_labels, draws, random)
        draws[cycle] += 1
        indices += cycle
    return np.array(indices[:count], np.int64)


def _cycle(image_labels, draws, random):
    """Different images that together show every class there is."""
    visited = ~image_labels.any(0)  # A class of no image is done with.
    cycle = []
    for index in random.permutation(visited.size):
        if not visited[index]:
            images = np.flatnonzero(image_labels[:, index])
            repeats = (image_labels[images] & visited).sum(1)
            images = _fewest(images, repeats)
            images = _fewest(images, draws[images])
            cycle.append(random.choice(images))
            visited |= image_labels[cycle[-1]]
    return cycle


def _fewest(images, counts):
    return images[counts == counts.min()]
