"""Mean intersection over union, counted image by image.

Source: Everingham et al., "The PASCAL visual object classes challenge: a
retrospective", IJCV 2015: one confusion matrix over all images of the split.
"""

from typing import NamedTuple

import numpy as np

from guided_segmentation import labels
from guided_segmentation.errors import InputError
from guided_segmentation.labels import IGNORE


class Areas(NamedTuple):
    """Pixels that the IoU of each class is computed from.

    Areas add up: those of a split are the sum over its images.

    Attributes:
      intersection: [..., num_classes] int64, pixels that are of the class and
        predicted as it.
      union: [..., num_classes] int64, pixels that are of the class or predicted
        as it.
      ignored: [..., num_classes] int64, pixels of the class that the guide
        ignores; part of the union.
    """

    intersection: np.ndarray
    union: np.ndarray
    ignored: np.ndarray

    def iou(self) -> np.ndarray:
        """Returns [..., num_classes] float64, nan where the union is empty."""
        return ratio(self.intersection, self.union)

    def mean_iou(self) -> np.ndarray:
        """Returns [...] float64, the mean over the classes that have an IoU."""
        return mean(self.iou())

    def total(self) -> "Areas":
        """Returns the sum of [images, num_classes] areas over the images."""
        return Areas(*(each.sum(axis=0) for each in self))

    def labelled(self) -> "Areas":
        """Returns the areas of the pixels that the guide does not ignore."""
        union = self.union - self.ignored
        return Areas(self.intersection, union, np.zeros_like(self.ignored))


def confusion(
    truth: np.ndarray,
    prediction: np.ndarray,
    num_classes: int,
    where: str = "this image",
) -> np.ndarray:
    """Counts the pixels of one image by true and predicted class.

    Sum the counts of all images before scoring. Pixels where the truth is
    IGNORE are not counted.

    >>> truth = np.array([[0, 0, 1, 255]], np.uint8)
    >>> prediction = np.array([[0, 1, 1, 1]], np.uint8)
    >>> confusion(truth, prediction, num_classes=2).tolist()
    [[1, 1, 0], [0, 1, 0]]

    Args:
      truth: [height, width] uint8 label map.
      prediction: [height, width] uint8 label map. IGNORE, which only a guide
        has, goes to the last column: it lowers recall and IoU of the true
        class, and no precision.
      num_classes: Number of classes, background included.
      where: The file or image, for the message.

    Returns:
      [num_classes, num_classes + 1] int64; rows are the truth.

    Raises:
      ValueError: If the two differ in shape, or a pixel is outside the
        classes.
    """
    if truth.shape != prediction.shape:
        raise InputError(
            f"{where}: truth and prediction must share one shape, got "
            f"{truth.shape} and {prediction.shape}; resize the prediction to "
            f"the image"
        )
    labels.check(truth, num_classes, f"truth of {where}")
    labels.check(prediction, num_classes, f"prediction of {where}")
    scored = truth != IGNORE
    column = np.minimum(prediction[scored], num_classes)
    shape = num_classes, num_classes + 1
    cells = truth[scored].astype(np.int64) * shape[1] + column
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    return counts.astype(np.int64).reshape(shape)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Returns `part / whole`, nan where the whole is 0.

    Args:
      part: [...] number.
      whole: [...] number, at least 0.

    Returns:
      [...] float64.
    """
    undefined = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=np.asarray(whole) > 0)


def mean(values: np.ndarray) -> np.ndarray:
    """Returns the mean over the last axis without nan, or nan if all are nan.

    Args:
      values: [..., values] float.

    Returns:
      [...] float64; a scalar if `values` has one axis.
    """
    defined = np.count_nonzero(~np.isnan(values), axis=-1)
    return ratio(np.nansum(values, axis=-1), defined)[()]


def areas(counts: np.ndarray) -> Areas:
    """Returns the areas of each class.

    Args:
      counts: [num_classes, num_classes + 1] int64 `confusion` of an image, or
        its sum over images.

    Returns:
      [num_classes] int64 each.
    """
    both = np.diag(counts)
    union = counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - both
    return Areas(both, union, counts[:, -1])


def iou(counts: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of each class.

    >>> iou(np.array([[1, 1, 0], [0, 2, 0]])).round(3).tolist()
    [0.5, 0.667]

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class in neither the truth
      nor the prediction.
    """
    return areas(counts).iou()


def mean_iou(counts: np.ndarray) -> float:
    """Returns the mean of `iou` over the classes that have one.

    >>> counts = np.array([[1, 1, 0], [0, 2, 0]])
    >>> round(float(mean_iou(counts)), 3)  # Of 1 / 2 and 2 / 3.
    0.583

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `confusion`.

    Returns:
      A float in [0, 1]; nan if no class has an IoU.
    """
    return areas(counts).mean_iou()


def summary(
    counts: np.ndarray, label_set: labels.LabelSet, images: int
) -> dict:
    """Returns the scores of a split, ready for JSON.

    Args:
      counts: [num_classes, num_classes + 1] int64, sum of `confusion`.
      label_set: The classes, for their names.
      images: Number of images counted.

    Returns:
      miou, iou by name of class (None for a class in neither truth nor
      prediction), images, pixel_accuracy and ignored; the latter two are
      fractions of the scored pixels, and an ignored pixel counts as wrong.
      "confusion" has the counts: rows are the truth, columns the prediction,
      both in the order of iou; the last column has ignored pixels.

    Raises:
      ValueError: If no pixel was counted.
    """
    total = counts.sum()
    if not total:
        raise InputError(
            f"nothing to score: the truth of all {images} images is "
            f"{IGNORE} (ignored) everywhere; check the label maps"
        )
    scores = map(or_none, iou(counts))
    return {
        "miou": or_none(mean_iou(counts)),
        "iou": dict(zip(label_set.classes, scores, strict=True)),
        "images": images,
        "pixel_accuracy": float(np.trace(counts) / total),
        "ignored": float(counts[:, -1].sum() / total),
        "confusion": counts.tolist(),
    }


def or_none(value: float) -> float | None:
    """Returns `value` as a float, or None for nan, which JSON lacks."""
    return None if np.isnan(value) else float(value)
