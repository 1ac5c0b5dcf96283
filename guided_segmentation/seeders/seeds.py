"""Seeds: the pixels where score maps are high, with their class.

Source: Oh et al., CVPR 2017, sections 4.2 and 6.1; the normalisation of score
maps and the inclusive threshold are from the authors' implementation.
"""

import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf, labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError

# The threshold tau of section 6.1, as in Zhou et al. and SEC.
THRESHOLD = 0.2
# Smallest probability of an object that counts as present without image-level
# labels.
CLASS_THRESHOLD = 0.5

# Takes [height, width, 3] uint8 RGB and [K] int32 indices of objects. Returns
# [height, width, K] float32 score maps of these objects and [num_objects]
# float32 logits of all objects, or None from a seeder that does not classify.
# A views.Seeder is one.
Seeder = Callable[[np.ndarray, np.ndarray], tuple]


def normalized(score_maps: np.ndarray) -> np.ndarray:
    """Divides each object's score map by its own maximum.

    >>> import numpy as np
    >>> maps = np.array([[[4.0, -1.0], [-2.0, -5.0]]])
    >>> normalized(maps).tolist()
    [[[1.0, -inf], [-0.5, -inf]]]

    Args:
      score_maps: [height, width, K] float, unbounded.

    Returns:
      [height, width, K] float32, at most 1. A map without a positive value
      becomes -inf everywhere, so that its object gets no seed.
    """
    score_maps = score_maps.astype(np.float32)
    highest = score_maps.max((0, 1), initial=-np.inf)
    safe = np.where(highest > 0, highest, 1)
    return np.where(highest > 0, score_maps / safe, -np.inf)


def seeds(
    score_maps: np.ndarray,
    classes: np.ndarray,
    threshold: float = THRESHOLD,
) -> np.ndarray:
    """Labels each pixel with its best class, if that reaches the threshold.

    >>> import numpy as np
    >>> bird = [[9.0, 5.0, 1.0, 0.0]]
    >>> cat = [[0.0, 4.0, 1.0, -1.0]]
    >>> classes = np.array([3, 8], np.uint8)
    >>> print(seeds(np.stack([bird, cat], axis=-1), classes))
    [[3 8 8 0]]

    Args:
      score_maps: [height, width, K] float, unbounded.
      classes: [K] uint8 class indices of the objects.
      threshold: Fraction of the maximum of an object's score map, inclusive.

    Returns:
      [height, width] uint8 class indices; BACKGROUND where no object reaches
      the threshold. Of equal normalised scores, the first object wins.
    """
    if not len(classes):
        return np.zeros(score_maps.shape[:2], np.uint8)
    relative = normalized(score_maps)
    best = classes.astype(np.uint8)[relative.argmax(-1)]
    is_seed = relative.max(-1) >= threshold
    return np.where(is_seed, best, labels.BACKGROUND).astype(np.uint8)


def predicted_objects(
    seeder: Seeder, image: np.ndarray, threshold: float = CLASS_THRESHOLD
) -> np.ndarray:
    """Returns the objects that the seeder's network finds in an image.

    Args:
      seeder: As `make_seeds` takes it.
      image: [height, width, 3] uint8 RGB.
      threshold: Smallest probability of an object, inclusive.

    Returns:
      [K] int64 indices of objects, ascending.

    Raises:
      ValueError: If the seeder does not classify.
    """
    _, logits = seeder(image, np.zeros(0, np.int32))
    if logits is None:
        raise InputError(
            "this seeder does not tell which objects are there; give images "
            "with image labels"
        )
    probabilities = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return np.flatnonzero(probabilities >= threshold)


def make_seeds(
    seeder: Seeder,
    source: schema.Source,
    output_dir: artifacts.Path,
    *,
    threshold: float = THRESHOLD,
    score_maps_dir: artifacts.Path | None = None,
    class_threshold: float | None = None,
) -> None:
    """Writes the seeds and score maps that images of `source` lack.

    Args:
      seeder: Returns score maps, and logits if `class_threshold` is given.
      source: Images, and image-level labels unless `class_threshold` is
        given.
      output_dir: Folder for <image_id>.png.
      threshold: As of `seeds`.
      score_maps_dir: Folder for the score maps, <image_id>.npz; None writes
        none.
      class_threshold: As the threshold of `predicted_objects`, which decides
        which objects are present, for images without image-level labels. None
        uses the image-level labels.

    Raises:
      ValueError: If `class_threshold` is given and the seeder does not
        classify.
    """
    ids = source.image_ids
    no_seeds = set(artifacts.missing(ids, output_dir))
    no_maps = (
        set(artifacts.missing(ids, score_maps_dir, ".npz"))
        if score_maps_dir is not None
        else set()
    )
    missing = [each for each in ids if each in no_seeds or each in no_maps]
    if not missing:
        return
    examples = _with_objects(seeder, source, missing, class_threshold)

    def make(example: tuple[str, np.ndarray, np.ndarray]) -> None:
        image_id, image, objects = example
        maps = np.asarray(seeder(image, objects.astype(np.int32))[0])
        classes = (objects + 1).astype(np.uint8)
        if image_id in no_maps:
            path = pathlib.Path(score_maps_dir, f"{image_id}.npz")
            artifacts.write_score_maps(path, maps, classes)
        if image_id in no_seeds:
            path = pathlib.Path(output_dir, f"{image_id}.png")
            artifacts.write_label_map(path, seeds(maps, classes, threshold))

    made = crf.map_in_order(make, examples)
    for _ in tqdm.tqdm(made, "seeds", len(missing), unit="image"):
        pass


def _with_objects(
    seeder: Seeder,
    source: schema.Source,
    image_ids: list[str],
    class_threshold: float | None,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields id, image and the indices of the objects present in it."""
    parts: dict[str, Any] = {"image": source.image}
    if class_threshold is None:
        parts["image_labels"] = source.image_labels
    for example in pipeline.in_order(image_ids, parts):
        image = example["image"]
        if class_threshold is None:
            objects = np.flatnonzero(example["image_labels"])
        else:
            objects = predicted_objects(seeder, image, class_threshold)
        yield example["image_id"], image, objects
