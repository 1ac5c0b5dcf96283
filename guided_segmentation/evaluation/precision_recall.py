"""Precision and recall of guides.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017, table 2.
"""

import numpy as np

from guided_segmentation import labels
from guided_segmentation.evaluation import mean_iou
from guided_segmentation.labels import BACKGROUND


def precision(counts: np.ndarray) -> np.ndarray:
    """Returns the fraction of the pixels predicted as a class that are of it.

    >>> counts = np.array([[3, 1, 0], [1, 1, 2]])  # The last column: ignored.
    >>> precision(counts).tolist()
    [0.75, 0.5]

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `mean_iou.confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class never predicted.
    """
    return mean_iou.ratio(np.diag(counts), counts[:, :-1].sum(axis=0))


def recall(counts: np.ndarray) -> np.ndarray:
    """Returns the fraction of the pixels of a class that are predicted as it.

    >>> counts = np.array([[3, 1, 0], [1, 1, 2]])  # The last column: ignored.
    >>> recall(counts).tolist()
    [0.75, 0.25]

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `mean_iou.confusion`.

    Returns:
      [num_classes] float64 in [0, 1], nan for a class not in the truth.
    """
    return mean_iou.ratio(np.diag(counts), counts.sum(axis=1))


def guide_summary(
    counts: np.ndarray, label_set: labels.LabelSet, images: int
) -> dict:
    """Returns the scores of a guide, ready for JSON.

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `mean_iou.confusion`.
      label_set: The classes, for their names.
      images: Number of images counted.

    Returns:
      All of `mean_iou.summary`; "fg" has precision and recall averaged over
      the objects in the truth with equal weights, "bg" those of the
      background. An object that was never predicted has no precision and is
      left out of the mean precision, but not out of the mean recall.
      "labelled_only" has miou, fg and bg over the pixels that the guide does
      not ignore. None stands for a mean of no values.

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
    """Returns precision and recall as in Table 2, ready for JSON.

    >>> table_2(np.array([[3, 1, 0], [1, 1, 2]]))["fg"]
    {'precision': 0.5, 'recall': 0.25}

    Args:
      counts: [num_classes, num_classes + 1] int64 sum of `mean_iou.confusion`.

    Returns:
      "precision" and "recall" under "fg" and "bg" each. Those of the foreground
      are means over the objects in the truth; objects never predicted are left
      out of the precision. None stands for a mean of no values.
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
