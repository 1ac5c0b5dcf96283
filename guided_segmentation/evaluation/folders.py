"""Scores of a folder of label maps or saliency maps against the truth.

Images pass one by one, so that memory stays flat.
"""

import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import tqdm

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import mean_iou, precision_recall
from guided_segmentation.saliency import detector


def count(source: schema.Source, folder: artifacts.Path) -> np.ndarray:
    """Counts the pixels of all images by true and predicted class.

    Args:
      source: Images with true label maps.
      folder: Of <image_id>.png label maps.

    Returns:
      [num_classes, num_classes + 1] int64, the sum of mean_iou.confusion.

    Raises:
      FileNotFoundError: If an image has no label map in `folder`.
      ValueError: If the data have no truth, or a label map does not fit.
    """
    num_classes = source.label_set.num_classes
    total = np.zeros((num_classes, num_classes + 1), np.int64)
    label_map = truth(source)
    for image_id, path in _files(source, folder):
        prediction = artifacts.read_label_map(path)
        total += mean_iou.confusion(
            label_map(image_id), prediction, num_classes, str(path)
        )
    return total


def saliency(source: schema.Source, folder: artifacts.Path) -> dict:
    """Scores saliency maps against the true foreground.

    Args:
      source: Images with true label maps.
      folder: Of <image_id>.png saliency maps.

    Returns:
      What precision_recall.saliency_summary returns.

    Raises:
      FileNotFoundError: If an image has no map in `folder`.
      ValueError: If the data have no truth, or a map does not fit.
    """
    label_map = truth(source)

    def images():
        for image_id, path in _files(source, folder):
            found = artifacts.read_saliency_map(path)
            yield label_map(image_id), found, detector.saliency_mask(found)

    return precision_recall.saliency_summary(images())


def truth(source: schema.Source) -> Callable[[str], np.ndarray]:
    """Returns what reads the true label map of an image.

    Raises:
      ValueError: If the data have no truth.
    """
    if source.label_map is None:
        raise ValueError(
            f"{source.name} has no true label maps to score against; choose "
            f"a split that has"
        )
    return source.label_map


def _files(
    source: schema.Source, folder: artifacts.Path
) -> Iterator[tuple[str, pathlib.Path]]:
    missing = artifacts.missing(source.image_ids, folder)
    if missing:
        raise FileNotFoundError(
            f"{folder} has no file for {len(missing)} of "
            f"{len(source.image_ids)} images, first {missing[0]!r}; make them "
            f"first, of the same split"
        )
    for image_id in tqdm.tqdm(source.image_ids, "scores", unit="image"):
        yield image_id, pathlib.Path(folder) / f"{image_id}.png"
