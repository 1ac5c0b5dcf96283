"""Saliency maps from a two-class network, and masks from the maps.

Source: Oh et al., CVPR 2017, sections 5.1 and 6.1.
"""

from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, large, predictions
from guided_segmentation.datasets import schema
from guided_segmentation.networks import batches
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


def read_relative(path: artifacts.Path) -> np.ndarray:
    """Reads a saliency map and divides it by its maximum over the image.

    Every picture of a saliency map is drawn from it, so that the maps of
    other detectors look as they are used.

    Args:
      path: An 8-bit grey PNG, as artifacts.read_saliency_map takes it.

    Returns:
      [height, width] float32 in [0, 1]; all zero if the map is.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is no such PNG.
    """
    return relative(artifacts.read_saliency_map(path))


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
    predict: batches.Predictor | Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    output_dir: artifacts.Path,
    batch_size: int | None = None,
) -> None:
    """Writes the saliency maps of images that have none yet.

    Args:
      predict: Of two-class probabilities, as networks.dense_predictor makes
        it; or a function from [1, height, width, 3] uint8 RGB to [1, height,
        width, 2] float32.
      source: Photographs.
      output_dir: Folder for <image_id>.png, 8 bits, 255 at each map's maximum.
      batch_size: As of predictions.predicted.
    """
    predictor = batches.of(predict).then(saliency_map)
    write_maps(predictor, source, output_dir, batch_size)


def write_maps(
    predict: batches.Predictor | Callable[[np.ndarray], np.ndarray],
    source: schema.Source,
    output_dir: artifacts.Path,
    batch_size: int | None = None,
) -> None:
    """Writes the maps of a detector for images that have none yet.

    Probabilities are written as they are: a map that reaches 0.1 holds 26 at
    most, and `saliency_mask` takes half of that. A photograph of more than
    `max_pixels` of the predictor is predicted at that size, and its map
    interpolated.

    Args:
      predict: Of [height, width] float32 probabilities in [0, 1], as
        named.NamedDetector holds it; or a function from [height, width, 3]
        uint8 RGB to such a map.
      source: Photographs.
      output_dir: Folder for <image_id>.png, 8 bits.
      batch_size: As of predictions.predicted.
    """
    output_dir = artifacts.to_path(output_dir)
    missing = artifacts.missing(source.image_ids, output_dir)
    if not missing:
        return
    predictor = predict
    if not isinstance(predict, batches.Predictor):
        predictor = batches.one_by_one(lambda images: predict(images[0])[None])

    def prepare(
        _: str, image: np.ndarray
    ) -> tuple[tuple[int, int], batches.Frames]:
        smaller = large.reduced(image, predictor.max_pixels)
        return image.shape[:2], predictor.frame(smaller)

    def write(each: predictions.Predicted) -> None:
        levels = _levels(each.finish(), each.kept)
        artifacts.write_saliency_map(
            output_dir / f"{each.image_id}.png", levels
        )

    predicted = predictions.predicted(
        predictor, source, missing, prepare, batch_size
    )
    for each in tqdm.tqdm(predicted, "saliency", len(missing), unit="image"):
        levels = _levels(each.finish(), each.kept)
        path = output_dir / f"{each.image_id}.png"
        artifacts.write_saliency_map(path, levels)


def _levels(saliency_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the [height, width] uint8 levels of a map, by strips."""
    strips = large.strips(saliency_map[..., np.newaxis], *size)
    levels = [artifacts.saliency_levels(strip[..., 0]) for strip in strips]
    return levels[0] if len(levels) == 1 else np.concatenate(levels)
