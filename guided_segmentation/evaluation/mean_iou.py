"""Mean intersection over union, counted image by image.

Source: Everingham et al., "The PASCAL visual object classes challenge: a
retrospective", IJCV 2015: one confusion matrix over all images of the split.
"""

from typing import NamedTuple

import numpy as np

from guided_segmentation import labels
from guided_segmentation.labels import IGNORE


class Areas(NamedTuple):
    """All that the IoU of each class is made of, in pixels.

    Areas add up: those of a split are the sum over its images.

    Attributes:
      intersection: [..., num_classes] int64, predicted as the class and of it.
      union: [..., num_classes] int64, predicted as the class or of it.
      ignored: [..., num_classes] int64, of the class and ignored by the guide;
        part of the union.
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
        """Returns the sum over images, [images, num_classes] as they are."""
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
    IGNORE count nowhere.

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
        raise ValueError(
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
    """Returns `part / whole` in float64, nan where the whole is 0."""
    undefined = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=undefined, where=np.asarray(whole) > 0)


def mean(values: np.ndarray) -> np.ndarray:
    """Returns the mean of what is not nan, or nan if nothing is left.

    Args:
      values: [..., any number] float.

    Returns:
      [...] float64, a plain number if there is one mean.
    """
    defined = np.count_nonzero(~np.isnan(values), axis=-1)
    return ratio(np.nansum(values, axis=-1), defined)[()]


def areas(counts: np.ndarray) -> Areas:
    """Returns the areas of each class.

    Args:
      counts: [num_classes, num_classes + 1] `confusion` of an image, or the
        sum over some.
    """
    both = np.diag(counts)
    union = counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - both
    return Areas(both, union, counts[:, -1])


def iou(counts: np.ndarray) -> np.ndarray:
    """Scores each class by its intersection over its union.

    Args:
      counts: [num_classes, num_classes + 1] sum of `confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class in neither the truth
      nor the prediction.
    """
    return areas(counts).iou()


def mean_iou(counts: np.ndarray) -> float:
    """Returns the mean of `iou` over the classes that have one, else nan."""
    return areas(counts).mean_iou()


def summary(
    counts: np.ndarray, label_set: labels.LabelSet, images: int
) -> dict:
    """Returns the scores of a split, ready for JSON.

    Args:
      counts: [num_classes, num_classes + 1] sum of `confusion`.
      label_set: The classes, for their names.
      images: Number of images counted.

    Returns:
      miou, iou by name of class (None for a class in neither truth nor
      prediction), images, pixel_accuracy and ignored; the latter two are
      shares of the pixels scored, an ignored one being no hit. Under
      confusion the counts: rows are the truth, columns the prediction, both
      in the order of iou, and a last column what is ignored.

    Raises:
      ValueError: If no pixel was counted.
    """
    total = counts.sum()
    if not total:
        raise ValueError(
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
    """Returns `value`, with None for nan, which JSON does not know."""
    return None if np.isnan(value) else float(value)
