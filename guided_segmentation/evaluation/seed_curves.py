"""Seeds at every threshold: precision-recall curves and mean precision.

Source: Oh et al., CVPR 2017, section 4.2, Table 1 and Figure 3; the grid of
thresholds is that of the authors' implementation.
"""

from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import labels
from guided_segmentation.datasets import pipeline, schema
from guided_segmentation.errors import InputError
from guided_segmentation.evaluation import (
    classification,
    folders,
    mean_iou,
    precision_recall,
)
from guided_segmentation.labels import BACKGROUND, IGNORE
from guided_segmentation.seeders import seeds

THRESHOLDS = np.concatenate([np.arange(-10, -1), np.arange(-100, 100) / 100])
FG_RECALL, BG_RECALL = 0.2, 0.8  # Recalls of mean precision (section 4.2).

_AREAS = ("fg", "bg")


def count(
    truth: np.ndarray,
    score_maps: np.ndarray,
    classes: np.ndarray,
    num_classes: int,
    where: str = "this image",
) -> np.ndarray:
    """Counts the pixels of one image by truth, best object and thresholds.

    The sum over all images has the predictions at every threshold, in memory
    that does not grow with the number of images.

    Args:
      truth: [height, width] uint8 label map; IGNORE is not counted.
      score_maps: [height, width, classes] float, unbounded.
      classes: [classes] int64 or uint8, indices of the objects that may be
        predicted.
      num_classes: Number of classes, background included.
      where: The file or image, for the message.

    Returns:
      [num_classes, num_classes, len(THRESHOLDS) + 1] int64: rows are the
      truth, columns the object whose score is the highest fraction of its
      maximum, and the last axis is the number of thresholds, as float32, below
      that fraction.

    Raises:
      ValueError: If truth and score maps differ in size, or the truth has a
        pixel outside the classes.
    """
    if truth.shape != score_maps.shape[:2]:
        raise InputError(
            f"{where}: truth and score maps must share one size, got "
            f"{truth.shape} and {score_maps.shape[:2]}; resize the score maps "
            f"to the image"
        )
    labels.check(truth, num_classes, f"truth of {where}")
    best = np.full(truth.shape, BACKGROUND)
    passed = np.zeros(truth.shape, np.int64)
    if len(classes):
        fraction = seeds.normalized(score_maps)
        best = np.asarray(classes)[fraction.argmax(-1)]
        grid = THRESHOLDS.astype(np.float32)
        passed = np.searchsorted(grid, fraction.max(-1))
    shape = num_classes, num_classes, THRESHOLDS.size + 1
    scored = truth != IGNORE
    cells = np.ravel_multi_index(
        (truth[scored], best[scored], passed[scored]), shape
    )
    return np.bincount(cells, minlength=np.prod(shape)).reshape(shape)


def confusions(counts: np.ndarray) -> np.ndarray:
    """Returns the confusion of the seeds at each threshold.

    A pixel is of its best object if that object's score is a higher fraction of
    its maximum than the threshold, and background otherwise.

    Args:
      counts: [num_classes, num_classes, len(THRESHOLDS) + 1] int64 sum of
        `count`.

    Returns:
      [len(THRESHOLDS), num_classes, num_classes + 1] int64, a
      mean_iou.confusion for each threshold.
    """
    above = counts[..., ::-1].cumsum(-1)[..., ::-1][..., 1:]
    found = np.moveaxis(above, -1, 0)
    found = np.pad(found, ((0, 0), (0, 0), (0, 1)))  # Seeds ignore no pixel.
    found[:, :, BACKGROUND] += counts.sum((1, 2)) - found.sum(-1)
    return found


def curves(counts: np.ndarray) -> dict:
    """Returns the precision-recall curves of Figure 3, ready for JSON.

    Args:
      counts: [num_classes, num_classes, len(THRESHOLDS) + 1] int64 sum of
        `count`.

    Returns:
      "thresholds", and under "fg" and "bg" the lists "precision" and
      "recall", one value per threshold. Those of the foreground are means over
      the objects in the truth; objects never predicted are left out of the
      precision. None stands for a mean of no values.
    """
    points = [precision_recall.table_2(each) for each in confusions(counts)]
    return {
        "thresholds": THRESHOLDS.tolist(),
        **{
            area: {
                name: [point[area][name] for point in points]
                for name in ("precision", "recall")
            }
            for area in _AREAS
        },
    }


def mean_precision(found: dict) -> float:
    """Returns mP, mean precision: that of foreground and background.

    The precision of the foreground is taken at FG_RECALL, that of the
    background at BG_RECALL.

    Args:
      found: What `curves` returns.

    Returns:
      A float in [0, 1]; nan if a curve never exceeds its recall.
    """
    foreground = _precision_past(found["fg"], FG_RECALL)
    return (foreground + _precision_past(found["bg"], BG_RECALL)) / 2


def evaluate(
    seeder: Callable[[np.ndarray, np.ndarray], tuple], source: schema.Source
) -> dict:
    """Evaluates a seeder on every image of a split, in one pass.

    Only objects of the image-level labels are predicted, as by the authors.
    Average precision is over the same images, by `classification.summary`; the
    authors compute it over ImageSets/Main, as `classification.evaluate` does.

    Args:
      seeder: As cam.seeder makes it: takes an image, [height, width, 3]
        uint8 RGB, and [n] int32 indices of objects; returns score maps,
        [height, width, n] float32, and the [num_objects] float32 logits.
        Logits are None, and there is no mAP, if it does not classify.
      source: Photographs, their image-level labels and their label maps, and
        what is difficult if known.

    Returns:
      "mp" (mean precision), "map" (mean average precision), "ap" by class, the
      curves and the number of images. None stands for a mean of no values.

    Raises:
      ValueError: If the data have no truth, or a label map does not fit.
    """
    num_classes = source.label_set.num_classes
    counts, scores, present = 0, [], []
    for example in _examples(source):
        objects = np.flatnonzero(example["image_labels"])
        maps, logits = seeder(example["image"], objects.astype(np.int32))
        counts = counts + count(
            example["label_map"],
            np.asarray(maps),
            objects + 1,
            num_classes,
            example["image_id"],
        )
        if logits is not None:
            scores.append(np.asarray(logits))
            present.append(example["image_labels"])
    found = curves(counts)
    return {
        "mp": mean_iou.or_none(mean_precision(found)),
        **classification.summary(scores, present, source),
        **found,
        "images": len(source.image_ids),
    }


def _examples(source):
    parts = {
        "image": source.image,
        "image_labels": source.image_labels,
        "label_map": folders.truth(source),
    }
    ids = source.image_ids
    examples = pipeline.in_order(ids, parts)
    return tqdm.tqdm(examples, "scores", len(ids), unit="image")


def _precision_past(curve: dict, recall: float) -> float:
    """The highest precision at the lowest recall above `recall`."""
    points = np.array([curve["recall"], curve["precision"]], np.float64).T
    past = points[(points[:, 0] > recall) & ~np.isnan(points[:, 1])]
    if not len(past):
        return float("nan")
    return float(past[past[:, 0] == past[:, 0].min(), 1].max())
