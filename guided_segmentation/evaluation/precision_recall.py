"""Precision and recall of guides and of saliency.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017, table 2 (guides) and section 6.1 (saliency).
"""

from collections.abc import Iterable

import numpy as np

from guided_segmentation import labels
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.labels import BACKGROUND, IGNORE

_SALIENCY_SCORES = ("iou", "share_above_0.6", "mae", "precision", "recall")


def precision(counts: np.ndarray) -> np.ndarray:
    """Returns what share of the pixels predicted as a class are of it.

    Args:
      counts: [num_classes, num_classes + 1] sum of `mean_iou.confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class never predicted.
    """
    return mean_iou.ratio(np.diag(counts), counts[:, :-1].sum(axis=0))


def recall(counts: np.ndarray) -> np.ndarray:
    """Returns what share of the pixels of a class are predicted as it.

    Args:
      counts: [num_classes, num_classes + 1] sum of `mean_iou.confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class not in the truth.
    """
    return mean_iou.ratio(np.diag(counts), counts.sum(axis=1))


def guide_summary(
    counts: np.ndarray, label_set: labels.LabelSet, images: int
) -> dict:
    """Returns the scores of a guide, ready for JSON.

    Args:
      counts: [num_classes, num_classes + 1] sum of `mean_iou.confusion`.
      label_set: The classes, for their names.
      images: Number of images counted.

    Returns:
      All of `mean_iou.summary`; under fg the precision and recall averaged
      over the objects in the truth, each weighing the same, and under bg
      those of the background. An object that was never predicted has no
      precision and is left out of that mean, but not out of the recall's.
      Under labelled_only the miou, fg and bg once more, over the pixels that
      the guide does not ignore. None stands for a mean of nothing.

    Raises:
      ValueError: If no pixel was counted.
    """
    labelled = counts.copy()
    labelled[:, -1] = 0
    return {
        **mean_iou.summary(counts, label_set, images),
        **table_2(counts),
        "labelled_only": {
            "miou": mean_iou.or_none(mean_iou.mean_iou(labelled)),
            **table_2(labelled),
        },
    }


def table_2(counts: np.ndarray) -> dict:
    """Returns precision and recall as Table 2 has them, ready for JSON.

    Args:
      counts: [num_classes, num_classes + 1] sum of `mean_iou.confusion`.

    Returns:
      Under "fg" and "bg" a "precision" and a "recall" each: of the foreground
      the mean over the objects in the truth, those never predicted left out
      of the precision. None stands for a mean of nothing.
    """
    scores = {"precision": precision(counts), "recall": recall(counts)}
    in_truth = counts.sum(axis=1) > 0
    in_truth[BACKGROUND] = False
    foreground = {
        name: mean_iou.or_none(mean_iou.mean(score[in_truth]))
        for name, score in scores.items()
    }
    background = {
        name: mean_iou.or_none(score[BACKGROUND])
        for name, score in scores.items()
    }
    return {"fg": foreground, "bg": background}


def saliency_summary(
    images: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> dict:
    """Returns the scores of saliency over a split, ready for JSON.

    Every score is a mean over images, of which one is held at a time.

    Args:
      images: Triples of the truth, [height, width] uint8 label map whose
        objects are the foreground; the saliency map, [height, width] float in
        [0, 1]; and the saliency mask, [height, width] bool.

    Returns:
      iou of mask and foreground (1 where both are empty), share_above_0.6 of
      the images by that IoU, mae of the map, precision and recall of the
      mask, and images. An empty mask has no precision and an image without
      foreground no recall; such images are left out of that mean alone. None
      stands for a mean of nothing.

    Raises:
      ValueError: If the parts of an image differ in shape, or no image has a
        pixel to score.
    """
    totals = np.zeros(len(_SALIENCY_SCORES))
    defined = np.zeros(len(_SALIENCY_SCORES), np.int64)
    count = 0
    for count, parts in enumerate(images, start=1):
        scores = _saliency_scores(*parts, where=f"image {count}")
        totals += np.nan_to_num(scores)
        defined += ~np.isnan(scores)
    if not defined.any():
        raise ValueError(
            f"nothing to score: none of {count} images has a true pixel that "
            f"is not {IGNORE} (ignored); check the split and its label maps"
        )
    means = map(mean_iou.or_none, mean_iou.ratio(totals, defined))
    return {**dict(zip(_SALIENCY_SCORES, means, strict=True)), "images": count}


def _saliency_scores(
    truth: np.ndarray,
    saliency_map: np.ndarray,
    saliency_mask: np.ndarray,
    where: str,
) -> np.ndarray:
    """Returns the scores of one image; nan where one is undefined."""
    if not truth.shape == saliency_map.shape == saliency_mask.shape:
        raise ValueError(
            f"{where}: truth, saliency_map and saliency_mask must share one "
            f"shape, got {truth.shape}, {saliency_map.shape} and "
            f"{saliency_mask.shape}; resize the saliency to the image"
        )
    scored = truth != IGNORE
    if not scored.any():
        return np.full(len(_SALIENCY_SCORES), np.nan)
    foreground = truth[scored] != BACKGROUND
    salient = saliency_mask[scored]
    both = np.count_nonzero(foreground & salient)
    either = np.count_nonzero(foreground | salient)
    iou = both / either if either else 1.0
    mae = np.abs(saliency_map[scored] - foreground).mean()
    shares = mean_iou.ratio(
        np.array([both, both]),
        np.array([np.count_nonzero(salient), np.count_nonzero(foreground)]),
    )
    return np.array([iou, iou > 0.6, mae, *shares])
