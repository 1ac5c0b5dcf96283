"""Scores of a folder of label maps or saliency maps against the truth.

Images are read one by one, so memory does not grow with their number.
"""

import pathlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import tqdm

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.evaluation import mean_iou, saliency_curves


class Counts(NamedTuple):
    """Pixel counts of a split.

    Attributes:
      confusion: [num_classes, num_classes + 1] int64, the sum over all images
        of mean_iou.confusion.
      areas: Areas of each image, [images, num_classes].
    """

    confusion: np.ndarray
    areas: mean_iou.Areas


def count(source: schema.Source, folder: artifacts.Path) -> Counts:
    """Counts the pixels of all images by true and predicted class.

    Args:
      source: Images with true label maps.
      folder: Of <image_id>.png label maps.

    Returns:
      The counts.

    Raises:
      FileNotFoundError: If an image has no label map in `folder`.
      ValueError: If the data have no truth, or a label map does not fit.
    """
    num_classes = source.label_set.num_classes
    label_map = truth(source)

    def confusion(image_id, path):
        prediction = artifacts.read_label_map(path)
        return mean_iou.confusion(
            label_map(image_id), prediction, num_classes, str(path)
        )

    total = np.zeros((num_classes, num_classes + 1), np.int64)
    areas = np.zeros((3, len(source.image_ids), num_classes), np.int64)
    for index, counts in enumerate(_counts(source, folder, confusion)):
        total += counts
        areas[:, index] = mean_iou.areas(counts)
    return Counts(total, mean_iou.Areas(*areas))


def saliency(
    source: schema.Source, folder: artifacts.Path
) -> saliency_curves.Means:
    """Scores saliency maps against the true foreground, at every threshold.

    Args:
      source: Images with true label maps.
      folder: Of <image_id>.png saliency maps.

    Returns:
      Scores at every threshold.

    Raises:
      FileNotFoundError: If an image has no map in `folder`.
      ValueError: If the data have no truth, or a map does not fit.
    """
    label_map = truth(source)

    def levels(image_id, path):
        saliency_map = artifacts.read_saliency_map(path)
        return saliency_curves.count(
            label_map(image_id), saliency_map, str(path)
        )

    return saliency_curves.mean(_counts(source, folder, levels))


def truth(source: schema.Source) -> Callable[[str], np.ndarray]:
    """Returns the function that reads the true label map of an image.

    Returns:
      A function from image id to [height, width] uint8 class indices and
      IGNORE.

    Raises:
      ValueError: If the data have no truth.
    """
    if source.label_map is None:
        raise InputError(
            f"{source.name} has no true label maps to score against; choose "
            f"a split that has"
        )
    return source.label_map


def _counts(
    source: schema.Source,
    folder: artifacts.Path,
    count: Callable[[str, pathlib.Path], np.ndarray],
) -> Iterator[np.ndarray]:
    """Counts image by image inside the progress bar, so errors close it."""
    ids = source.image_ids
    missing = artifacts.missing(ids, folder)
    if missing:
        raise FileNotFoundError(
            f"{folder} has no file for {len(missing)} of {len(ids)} images, "
            f"first {missing[0]!r}; make them first, of the same split"
        )
    counts = (count(i, artifacts.to_path(folder, f"{i}.png")) for i in ids)
    return iter(tqdm.tqdm(counts, "scores", len(ids), unit="image"))
