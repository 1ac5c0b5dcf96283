"""Saliency maps at every threshold: curves, F-measure, MAE and IoU.

Every score is a mean over images, as usual in the field: large and small images
have the same weight.

Source: Achanta et al., "Frequency-tuned salient region detection", CVPR 2009
(precision and recall at 256 thresholds, F-measure); Borji et al., "Salient
object detection: a benchmark", TIP 2015 (the best F-measure of the curve);
Perazzi et al., "Saliency filters", CVPR 2012 (MAE); Oh et al., CVPR 2017,
sections 5.1 (images above an IoU of 0.6) and 6.1 (the threshold).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from guided_segmentation.errors import InputError
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.saliency import detector

LEVELS = np.arange(256)  # Of an 8-bit map, and the thresholds, inclusive.
BETA_SQUARED = 0.3  # Achanta et al.: precision weighs more than recall.

_MASK_LEVEL = detector.saliency_mask(LEVELS / LEVELS[-1]).argmax()


class Means(NamedTuple):
    """Scores of masks by the threshold that made them, averaged over images.

    An image without foreground has neither precision nor recall (Borji et al.)
    and counts only in the other three. A mask without pixels has no precision
    and is left out of that mean.

    Attributes:
      iou: [256] float64, of mask and foreground; 1 where both are empty.
      fraction_above: [256] float64, of the images with an IoU above 0.6.
      error: [256] float64, fraction of the pixels where the mask is wrong.
      precision: [256] float64, nan where no image has one.
      recall: [256] float64, nan where no image has one.
      images: Number of images.
      without_foreground: Number of images without a true pixel of any object.
    """

    iou: np.ndarray
    fraction_above: np.ndarray
    error: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    images: int
    without_foreground: int


def count(
    truth: np.ndarray, saliency_map: np.ndarray, where: str = "this image"
) -> np.ndarray:
    """Counts the pixels of one image by truth and level of the map.

    Levels are relative to the map's own maximum, so that level 128 and above
    is the mask of detector.saliency_mask for maps of any maximum.

    Args:
      truth: [height, width] uint8 label map whose objects are the foreground;
        pixels with IGNORE are not counted.
      saliency_map: [height, width] float, not negative; divided by its
        maximum and rounded to 8 bits.
      where: The file or image, for the message.

    Returns:
      [2, 256] int64: background and foreground by level.

    Raises:
      ValueError: If the two differ in shape.
    """
    if truth.shape != saliency_map.shape:
        raise InputError(
            f"{where}: truth and saliency map must share one shape, got "
            f"{truth.shape} and {saliency_map.shape}; resize the saliency map "
            f"to the image"
        )
    scored = truth != IGNORE
    foreground = truth[scored] != BACKGROUND
    relative = detector.relative(saliency_map)[scored]
    levels = np.rint(relative * LEVELS[-1]).astype(np.int64)
    cells = foreground * LEVELS.size + levels
    return np.bincount(cells, minlength=2 * LEVELS.size).reshape(2, -1)


def mean(images: Iterable[np.ndarray]) -> Means:
    """Averages the scores of all images, with one in memory at a time.

    An image that is IGNORE everywhere has no scores and does not count.

    Args:
      images: [2, 256] int64 each, from `count`.

    Returns:
      The means.

    Raises:
      ValueError: If no image has a pixel to score.
    """
    total = defined = np.zeros((5, LEVELS.size))
    number = without_foreground = 0
    for counts in images:
        number += 1
        without_foreground += not counts[1].any()
        if counts.any():
            scores = _scores(counts)
            total = total + np.nan_to_num(scores)
            defined = defined + ~np.isnan(scores)
    if not defined.any():
        raise InputError(
            f"nothing to score: none of {number} images has a true pixel that "
            f"is not {IGNORE} (ignored); check the split and its label maps"
        )
    means = mean_iou.ratio(total, defined)
    return Means(*means, number, without_foreground)


def f_measure(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """Returns the weighted harmonic mean of precision and recall.

    Args:
      precision: [thresholds] float in [0, 1], or nan.
      recall: [thresholds] float in [0, 1], or nan.

    Returns:
      [thresholds] float64 in [0, 1]; nan where either is nan or both are 0.
    """
    return mean_iou.ratio(
        (1 + BETA_SQUARED) * precision * recall,
        BETA_SQUARED * precision + recall,
    )


def summary(means: Means) -> dict:
    """Returns the scores of saliency over a split, ready for JSON.

    Args:
      means: What `mean` returns.

    Returns:
      iou, fraction_above_0.6, precision and recall of the masks at half of the
      maximum, as detector.saliency_mask cuts them; mae, the mean absolute
      error of the maps; max_f, the highest F-measure on the curve; images and
      images_without_foreground. None stands for a mean of no values.
    """
    best = np.fmax.reduce(f_measure(means.precision, means.recall))
    # A pixel is wrong at every threshold between its level and its truth, so
    # the mean over thresholds above 0 is |error|.
    return {
        "iou": float(means.iou[_MASK_LEVEL]),
        "fraction_above_0.6": float(means.fraction_above[_MASK_LEVEL]),
        "mae": float(means.error[1:].mean()),
        "precision": mean_iou.or_none(means.precision[_MASK_LEVEL]),
        "recall": mean_iou.or_none(means.recall[_MASK_LEVEL]),
        "max_f": mean_iou.or_none(best),
        "images": means.images,
        "images_without_foreground": means.without_foreground,
    }


def curve(means: Means) -> dict:
    """Returns the precision-recall curve, ready for JSON.

    Args:
      means: What `mean` returns.

    Returns:
      "thresholds", the lowest level of an 8-bit map that is in the mask, and
      the lists "precision" and "recall", one value per threshold. None stands
      for a mean of no values.
    """
    return {
        "thresholds": LEVELS.tolist(),
        "precision": [mean_iou.or_none(each) for each in means.precision],
        "recall": [mean_iou.or_none(each) for each in means.recall],
    }


def _scores(counts: np.ndarray) -> np.ndarray:
    """[5, 256], the first five of `Means`, of one image; nan if undefined."""
    false_positives, hits = found = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    true = np.full(LEVELS.size, counts[1].sum())
    either = false_positives + true
    iou = np.divide(hits, either, out=np.ones(LEVELS.size), where=either > 0)
    error = (either - hits) / counts.sum()
    precision = mean_iou.ratio(hits, found.sum(axis=0) * (true > 0))
    return np.stack(
        [iou, iou > 0.6, error, precision, mean_iou.ratio(hits, true)]
    )
