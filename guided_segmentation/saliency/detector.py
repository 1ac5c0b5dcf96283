"""Saliency maps from a two-class network, and masks from the maps.

Source: Oh et al., CVPR 2017, sections 5.1 and 6.1.
"""

import pathlib
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.training import losses

THRESHOLD = 0.5  # Section 6.1: half of the maximal foreground probability.


def saliency_map(probabilities: np.ndarray) -> np.ndarray:
    """Divides the foreground probability by its maximum over the image.

    Args:
      probabilities: [height, width, 2] float32 in [0, 1]; channel 1 is
        salient.

    Returns:
      [height, width] float32 in [0, 1]; all zero if nothing is salient.
    """
    return relative(probabilities[..., 1])


def relative(saliency_map: np.ndarray) -> np.ndarray:
    """Divides a saliency map by its maximum over the image.

    Maps that bin/make_saliency wrote stay as they are; those of other
    detectors may have a maximum below 255, or hold 0 and 1.

    >>> relative(np.array([[0.0, 0.1, 0.4]])).tolist()
    [[0.0, 0.25, 1.0]]

    Args:
      saliency_map: [height, width] float or uint8, not negative.

    Returns:
      [height, width] float in [0, 1]; all zero if the map is.
    """
    return saliency_map / max(saliency_map.max(), np.finfo(np.float32).tiny)


def saliency_mask(
    saliency_map: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Returns where a saliency map reaches a fraction of its own maximum.

    Every user of saliency maps takes its mask from here: guides, scores, the
    demo page and the notebooks.

    Args:
      saliency_map: [height, width] float or uint8, not negative, of any
        maximum.
      threshold: Fraction of the image's maximum, inclusive.

    Returns:
      [height, width] bool; empty if the map is zero everywhere.
    """
    return (saliency_map > 0).any() & (relative(saliency_map) >= threshold)


def teacher_levels(saliency_map: np.ndarray) -> np.ndarray:
    """Turns a teacher's map into targets of a distilled network.

    >>> teacher_levels(np.array([[0.0, 0.25, 0.5]])).tolist()
    [[0, 127, 254]]

    Args:
      saliency_map: [height, width] float, not negative, of any maximum.

    Returns:
      [height, width] uint8, as training.losses.distillation_loss takes it.
    """
    return np.rint(losses.MAX_LEVEL * relative(saliency_map)).astype(np.uint8)


def make_saliency(
    predict: Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    output_dir: artifacts.Path,
) -> None:
    """Writes the saliency maps of images that have none yet.

    Args:
      predict: From [batch, height, width, 3] uint8 RGB to [batch, height,
        width, 2] float32 probabilities, as networks.prediction.dense returns
        it for a two-class network.
      source: Photographs.
      output_dir: Folder for <image_id>.png, 8 bits, 255 at each map's maximum.
    """
    write_maps(
        lambda image: saliency_map(np.asarray(predict(image[None])[0])),
        source,
        output_dir,
    )


def write_maps(
    predict: Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    output_dir: artifacts.Path,
) -> None:
    """Writes the maps of a detector for images that have none yet.

    Probabilities are written as they are: a map that reaches 0.1 holds 26 at
    most, and `saliency_mask` takes half of that.

    Args:
      predict: From [height, width, 3] uint8 RGB to [height, width] float32 in
        [0, 1], as named.NamedDetector holds it.
      source: Photographs.
      output_dir: Folder for <image_id>.png, 8 bits.
    """
    output_dir = pathlib.Path(output_dir)
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    examples = pipeline.in_order(missing, {"image": source.image})
    for example in tqdm.tqdm(examples, "saliency", len(missing), unit="image"):
        artifacts.write_saliency_map(
            output_dir / f"{example['image_id']}.png",
            predict(example["image"]),
        )
