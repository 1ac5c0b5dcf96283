"""Seeds: pixels of which a seeder is sure, with their class.

Source: Oh et al., CVPR 2017, sections 4.2 and 6.1; details from the authors'
implementation.
"""

import pathlib
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf, labels
from guided_segmentation.datasets import pipeline, schema

THRESHOLD = 0.2  # Section 6.1, following Zhou et al. and SEC.
CLASS_THRESHOLD = 0.5  # Probability from which an object is taken to be there.
_FAINT = 1e-3  # Least probability that the CRF starts from.

# From an image and indices of objects to their score maps, and all logits.
Seeder = Callable[[np.ndarray, np.ndarray], tuple]


def normalized(score_maps: np.ndarray) -> np.ndarray:
    """Divides each class's map by its own maximum.

    Args:
      score_maps: [height, width, classes] float.

    Returns:
      [height, width, classes] float32, at most 1; a class that is nowhere
      positive gets -inf everywhere, so that it owns no pixel.
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
    """Marks pixels whose best class reaches the threshold.

    Args:
      score_maps: [height, width, classes] float, unbounded.
      classes: [classes] uint8 class indices of the objects present.
      threshold: Share of a class's maximum, inclusive.

    Returns:
      [height, width] uint8 class indices; 0 where no class is sure.
    """
    if not len(classes):
        return np.zeros(score_maps.shape[:2], np.uint8)
    relative = normalized(score_maps)
    best = classes.astype(np.uint8)[relative.argmax(-1)]
    sure = relative.max(-1) >= threshold
    return np.where(sure, best, labels.BACKGROUND).astype(np.uint8)


def refine(
    image: np.ndarray, score_maps: np.ndarray, settings: crf.CrfSettings
) -> np.ndarray:
    """Sharpens score maps along the edges of the photograph: crf-seed.

    The dense CRF starts from the share that each pixel has of the maximum of
    each class; the background has what the highest share lacks of one.

    Args:
      image: [height, width, 3] uint8 RGB.
      score_maps: [height, width, classes] float, unbounded.
      settings: Of the CRF.

    Returns:
      [height, width, classes] float32, the probability of each class in
      [0, 1].
    """
    share = np.clip(normalized(score_maps), 0, 1)
    background = 1 - share.max(-1, keepdims=True, initial=0)
    energy = -np.log(np.maximum(np.append(background, share, -1), _FAINT))
    return crf.infer(image, energy, settings)[..., 1:]


def refined(seeder: Seeder, settings: crf.CrfSettings) -> Seeder:
    """Makes the seeder whose score maps are refined."""

    def seed(image, objects):
        score_maps, logits = seeder(image, objects)
        return refine(image, np.asarray(score_maps), settings), logits

    return seed


def predicted_objects(
    seeder: Seeder, image: np.ndarray, threshold: float = CLASS_THRESHOLD
) -> np.ndarray:
    """Returns the objects that the seeder's network finds in an image.

    Args:
      seeder: As `make_seeds` takes it.
      image: [height, width, 3] uint8 RGB.
      threshold: Smallest probability, inclusive.

    Returns:
      [K] int64 indices of objects, ascending.

    Raises:
      ValueError: If the seeder does not classify.
    """
    _, logits = seeder(image, np.zeros(0, np.int32))
    if logits is None:
        raise ValueError(
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
    """Writes the seeds of every image of `source` that has none yet.

    Args:
      seeder: From an image and objects to their score maps, and all logits,
        as cam.seeder returns it.
      source: Photographs and their image-level labels.
      output_dir: Folder for <image_id>.png.
      threshold: As in `seeds`.
      score_maps_dir: Folder for <image_id>.npz; None keeps no score maps.
      class_threshold: Least probability of an object to be seeded, for images
        without image-level labels. None asks the labels.

    Raises:
      ValueError: If the labels are not asked and the seeder does not classify.
    """
    output_dir = pathlib.Path(output_dir)
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    parts = {"image": source.image}
    if class_threshold is None:
        parts["image_labels"] = source.image_labels
    examples = pipeline.in_order(missing, parts)
    for example in tqdm.tqdm(examples, "seeds", len(missing), unit="image"):
        image_id, image = example["image_id"], example["image"]
        if class_threshold is None:
            objects = np.flatnonzero(example["image_labels"])
        else:
            objects = predicted_objects(seeder, image, class_threshold)
        maps = np.asarray(seeder(image, objects.astype(np.int32))[0])
        classes = (objects + 1).astype(np.uint8)
        if score_maps_dir is not None:
            path = pathlib.Path(score_maps_dir) / f"{image_id}.npz"
            artifacts.write_score_maps(path, maps, classes)
        artifacts.write_label_map(
            output_dir / f"{image_id}.png", seeds(maps, classes, threshold)
        )
