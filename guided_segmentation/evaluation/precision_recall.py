"""Precision and recall of guides.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017, table 2.
"""

import numpy as np

from guided_segmentation import labels
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.labels import BACKGROUND


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
