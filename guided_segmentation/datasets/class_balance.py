"""The order of images in which rare classes appear as often as common ones.

Source: the class-balanced batches ("clsbal") of the authors' release of Oh et
al., CVPR 2017; their final script shuffles instead.
"""

import numpy as np

from guided_segmentation.errors import InputError


def order(image_labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns the images that training visits, in cycles over the classes.

    A cycle goes through the classes in random order. A class that no image of
    the cycle shows yet gets one of its images: among those that repeat the
    fewest classes of the cycle, a random one of those drawn least often so
    far. A cycle therefore shows every class of the data, and shows it once
    where the images allow it.

    Images without objects count as one more class: they teach what is not an
    object, so each cycle has one of them if the data have any.

    The release draws only images that repeat no class, and starts a new cycle
    as soon as some class has none left; here every cycle is completed.

    Args:
      image_labels: [images, num_objects] bool. A class without images is
        skipped.
      count: How many examples to draw; the last cycle may be cut off.
      seed: Determines the order. A larger `count` continues the same order.

    Returns:
      [count] int64 indices of images.

    Raises:
      ValueError: If no image has an object.

    Example:
      >>> common, rare = [True, False], [False, True]
      >>> drawn = order(np.array([common, common, common, rare]), 6, seed=0)
      >>> sorted(drawn.tolist())  # The one rare image in each of three cycles.
      [0, 1, 2, 3, 3, 3]
    """
    if not image_labels.any():
        raise InputError(
            f"wanted an object to balance classes by, found none in the image "
            f"labels of {len(image_labels)} images; shuffle them instead"
        )
    classes = _with_class_of_none(image_labels)
    rng = np.random.default_rng(seed)
    draws = np.zeros(len(image_labels), np.int64)
    indices: list[int] = []
    while len(indices) < count:
        cycle = _cycle(classes, draws, rng)
        draws[cycle] += 1
        indices += cycle
    return np.array(indices[:count], np.int64)


def _with_class_of_none(image_labels: np.ndarray) -> np.ndarray:
    """Adds a class, [images, num_objects + 1], if some image has no object."""
    has_none = ~image_labels.any(1)
    if not has_none.any():
        return image_labels
    return np.concatenate([image_labels, has_none[:, None]], axis=1)


def _cycle(
    image_labels: np.ndarray, draws: np.ndarray, rng: np.random.Generator
) -> list[int]:
    """Draws different images that together show every class of the data."""
    visited = ~image_labels.any(0)  # Classes without images count as visited.
    cycle: list[int] = []
    for index in rng.permutation(visited.size):
        if not visited[index]:
            images = np.flatnonzero(image_labels[:, index])
            repeats = (image_labels[images] & visited).sum(1)
            images = _with_fewest(images, repeats)
            images = _with_fewest(images, draws[images])
            cycle.append(rng.choice(images))
            visited |= image_labels[cycle[-1]]
    return cycle


def _with_fewest(images: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return images[counts == counts.min()]
