"""Average precision of a classifier, as in Pascal VOC since 2010.

Source: Everingham et al., "The PASCAL visual object classes challenge: a
retrospective", IJCV 2015, section 2.2.1.
"""

import numpy as np


def average_precision(
    scores: np.ndarray,
    present: np.ndarray,
    difficult: np.ndarray | None = None,
) -> float:
    """Returns the area under the monotone precision-recall curve of a class.

    The curve has a point for each image, in order of decreasing score; images
    of equal score keep their order. The precision at a recall is the highest
    one at that recall or above.

    >>> scores = np.array([0.9, 0.8, 0.7])
    >>> present = np.array([True, False, True])
    >>> round(average_precision(scores, present), 3)  # Mean of 1 and 2 / 3.
    0.833

    Args:
      scores: [images] float, higher for images that more likely show the class.
      present: [images] bool, whether the class is in the image.
      difficult: [images] bool; such images are not counted. None means none.

    Returns:
      A float in [0, 1]; nan if the class is in no counted image.

    Raises:
      ValueError: If the arrays differ in shape.
    """
    if difficult is None:
        difficult = np.zeros(np.shape(present), bool)
    _require_one_shape(scores, present, difficult)
    hit = present[~difficult][np.argsort(-scores[~difficult], kind="stable")]
    if not hit.any():
        return float("nan")
    precision = hit.cumsum() / np.arange(1, hit.size + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hit].sum() / hit.sum())


def by_class(
    scores: np.ndarray,
    present: np.ndarray,
    difficult: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the average precision of each class.

    >>> scores = np.array([[0.9, 0.1], [0.8, 0.6], [0.7, 0.2]])
    >>> present = np.array([[True, False], [False, True], [False, True]])
    >>> by_class(scores, present).tolist()
    [1.0, 1.0]

    Args:
      scores: [images, num_objects] float.
      present: [images, num_objects] bool.
      difficult: [images, num_objects] bool, or None.

    Returns:
      [num_objects] float64, nan for a class in no image. The mean over the
      others is mAP.

    Raises:
      ValueError: If the arrays differ in shape.
    """
    if difficult is None:
        difficult = np.zeros(np.shape(present), bool)
    _require_one_shape(scores, present, difficult)
    columns = zip(scores.T, present.T, difficult.T, strict=True)
    return np.array([average_precision(*column) for column in columns])


def _require_one_shape(scores, present, difficult):
    if not scores.shape == present.shape == difficult.shape:
        raise ValueError(
            f"scores, present and difficult must share one shape, got "
            f"{scores.shape}, {present.shape} and {difficult.shape}; give one "
            f"value an image"
        )
