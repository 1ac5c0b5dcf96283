"""Which photographs show none of the objects, by the score of a classifier.

The saliency net learns from photographs without the objects of the segmenter:
11,041 of MSRA's 25,000 are left. The paper names no rule; here a photograph
stays if the classifier's largest probability of an object is low.

Source: Oh et al., CVPR 2017, section 6.1.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tqdm

from guided_segmentation import artifacts
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError

PAPERS_NUMBER = 11_041  # Photographs that the paper keeps.
_SAVE_EVERY = 100  # Images that a killed process may lose.

# Takes [height, width, 3] uint8 RGB; returns [num_objects] float32 logits.
Classifier = Callable[[np.ndarray], np.ndarray]


def score(
    classifier: Classifier,
    source: schema.Source,
    objects: Sequence[str],
    path: artifacts.Path,
    made_by: Mapping[str, Any],
) -> dict[str, dict]:
    """Scores every photograph that `path` does not hold yet.

    Args:
      classifier: Returns the logits of all objects, before the sigmoid.
      source: The photographs.
      objects: Names of the objects, in the order of the logits.
      path: JSON file of the scores. It is extended if it was made by the same
        classifier from the same photographs, and replaced otherwise.
      made_by: What identifies the classifier.

    Returns:
      By image id, the largest "probability" of an object and that "object".

    Raises:
      ValueError: If a logit is not finite.
    """
    made = {**made_by, "source": source.name, "digest": source.digest}
    found = _begun(path, made)
    missing = [i for i in source.image_ids if i not in found]
    examples = pipeline.in_order(missing, {"image": source.image})
    for example in tqdm.tqdm(
        examples, "objects", len(missing), unit="image", disable=None
    ):
        logits = np.asarray(classifier(example["image"]), np.float64)
        image_id = example["image_id"]
        found[image_id] = _largest(logits, objects, image_id)
        if len(found) % _SAVE_EVERY == 0:
            artifacts.write_json(path, {"made": made, "images": found})
    artifacts.write_json(path, {"made": made, "images": found})
    return found


def ids_below(
    scores: Mapping[str, Mapping], max_probability: float
) -> list[str]:
    """Returns the images whose largest probability is below a threshold.

    Args:
      scores: As `score` returns them.
      max_probability: The threshold, exclusive.

    Raises:
      ValueError: If no image is below.

    Example:
      >>> scores = {"a": {"probability": 0.1}, "b": {"probability": 0.7}}
      >>> ids_below(scores, 0.5)
      ['a']
    """
    kept = [
        image_id
        for image_id, each in scores.items()
        if each["probability"] < max_probability
    ]
    if not kept:
        lowest = min(each["probability"] for each in scores.values())
        raise InputError(
            f"wanted images whose largest object probability is below "
            f"{max_probability}, found none of {len(scores)}; the lowest is "
            f"{lowest:.3f}: raise --max_probability"
        )
    return kept


def ids_of_lowest(scores: Mapping[str, Mapping], count: int) -> list[str]:
    """Returns the images with the lowest largest probabilities.

    Args:
      scores: As `score` returns them.
      count: Number of images, such as PAPERS_NUMBER. Of equal ones the first
        are taken.

    Returns:
      The ids in the order of `scores`.

    Raises:
      ValueError: If there are fewer images.

    Example:
      >>> scores = {"a": {"probability": 0.1}, "b": {"probability": 0.7}}
      >>> ids_of_lowest(scores, 1)
      ['a']
    """
    if count > len(scores):
        raise InputError(
            f"wanted the {count} images of the lowest object probability, "
            f"found {len(scores)} images; lower --num_kept"
        )
    ordered = sorted(scores, key=lambda name: scores[name]["probability"])
    kept = set(ordered[:count])
    return [image_id for image_id in scores if image_id in kept]


def _begun(path: artifacts.Path, made: Mapping[str, Any]) -> dict[str, dict]:
    """The scores of an earlier call that was made of the same."""
    try:
        found = artifacts.read_json(path)
    except FileNotFoundError:
        return {}
    return found["images"] if found["made"] == made else {}


def _largest(
    logits: np.ndarray, objects: Sequence[str], image_id: str
) -> dict[str, Any]:
    if not np.isfinite(logits).all():
        raise InputError(
            f"image {image_id!r}: wanted finite logits, found "
            f"{logits.tolist()}; train the classifier again"
        )
    best = int(logits.argmax())
    probability = 1 / (1 + np.exp(-logits[best]))
    return {
        "probability": round(float(probability), 6),
        "object": objects[best],
    }
