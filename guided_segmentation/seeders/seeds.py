"""Seeds: pixels of which a seeder is sure, with their class.

Source: Oh et al., CVPR 2017, sections 4.2 and 6.1; details from the authors'
implementation.
"""

import pathlib
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import pipeline, schema

THRESHOLD = 0.2  # Section 6.1, following Zhou et al. and SEC.


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


def make_seeds(
    seeder: Callable[[np.ndarray], tuple],
    source: schema.Source,
    output_dir: artifacts.Path,
    *,
    threshold: float = THRESHOLD,
    score_maps_dir: artifacts.Path | None = None,
) -> None:
    """Writes the seeds of every image of `source` that has none yet.

    Args:
      seeder: From an image to score maps of all objects, and logits, as
        cam.seeder returns it.
      source: Photographs and their image-level labels.
      output_dir: Folder for <image_id>.png.
      threshold: As in `seeds`.
      score_maps_dir: Folder for <image_id>.npz; None keeps no score maps.
    """
    output_dir = pathlib.Path(output_dir)
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    parts = {"image": source.image, "image_labels": source.image_labels}
    examples = pipeline.in_order(missing, parts)
    for example in tqdm.tqdm(examples, "seeds", len(missing), unit="image"):
        image_id = example["image_id"]
        present = np.flatnonzero(example["image_labels"])
        maps = np.asarray(seeder(example["image"])[0])[..., present]
        classes = (present + 1).astype(np.uint8)
        if score_maps_dir is not None:
            path = pathlib.Path(score_maps_dir) / f"{image_id}.npz"
            artifacts.write_score_maps(path, maps, classes)
        artifacts.write_label_map(
            output_dir / f"{image_id}.png", seeds(maps, classes, threshold)
        )
