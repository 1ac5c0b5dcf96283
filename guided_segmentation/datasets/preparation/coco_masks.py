"""COCO's annotations of an image as one label map.

Source: https://cocodataset.org/#format-data.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from guided_segmentation import labels
from guided_segmentation.errors import InputError

_LEAST_COORDINATES = 6  # Of a polygon: three corners.


def label_map(
    size: tuple[int, int],
    annotations: Sequence[Mapping],
    class_indices: Mapping[int, int],
    where: str = "this image",
) -> np.ndarray:
    """Paints the instances of an image, the largest first.

    Small objects stay visible on large ones. Crowds, whose regions also
    contain background, are ignored where no object is painted on them.

    Args:
      size: Height and width of the image.
      annotations: COCO's annotations of the image.
      class_indices: Class index of each category id.
      where: The file and image, for the message.

    Returns:
      [height, width] uint8 class indices, IGNORE on crowds.

    Raises:
      ValueError: If a segmentation has another format or size.
    """
    painted = np.full(size, labels.BACKGROUND, np.uint8)
    crowds_first = sorted(annotations, key=_order)
    for annotation in crowds_first:
        index = class_indices[annotation["category_id"]]
        if annotation.get("iscrowd"):
            index = labels.IGNORE
        painted[mask(annotation, size, where)] = index
    return painted


def mask(
    annotation: Mapping, size: tuple[int, int], where: str = "this image"
) -> np.ndarray:
    """Returns the [height, width] bool mask of an annotation.

    Args:
      annotation: COCO's annotation: polygons, or run lengths as numbers.
      size: Height and width of the image.
      where: The file and image, for the message.

    Raises:
      ValueError: If the segmentation has another format or size.
    """
    segmentation = annotation["segmentation"]
    where = f"{where}: annotation {annotation.get('id')}"
    if isinstance(segmentation, Mapping):
        return _of_run_lengths(segmentation, size, where)
    found = np.zeros(size, bool)
    for polygon in segmentation:
        if len(polygon) < _LEAST_COORDINATES or len(polygon) % 2:
            raise InputError(
                f"{where}: wanted polygons of three corners or more (x, y, "
                f"x, y ...), found {list(polygon)}; correct the file"
            )
        found |= polygon_mask(np.reshape(polygon, (-1, 2)), size)
    return found


def polygon_mask(corners: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the pixels whose centres are inside a polygon.

    Going down a column, every edge that is crossed changes inside and outside.

    Args:
      corners: [corners, 2] float (x, y); pixel 0 reaches from 0 to 1.
      size: Height and width of the image.

    Returns:
      [height, width] bool.

    Example:
      >>> triangle = np.array([[0, 0], [3, 0], [0, 3]], float)
      >>> polygon_mask(triangle, (3, 4)).astype(int).tolist()
      [[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    """
    extent = size[1], size[0]
    left, top = np.clip(np.floor(corners.min(0)), 0, extent).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)), 0, extent).astype(int)
    found = np.zeros(size, bool)
    found[top:bottom, left:right] = _inside(
        corners - (left, top), bottom - top, right - left
    )
    return found


def _inside(corners: np.ndarray, height: int, width: int) -> np.ndarray:
    """`polygon_mask` of the whole image."""
    start, end = corners, np.roll(corners, -1, axis=0)
    centres = np.arange(width) + 0.5
    left_of = corners[:, :1] <= centres  # [corners, width].
    edges, columns = np.nonzero(left_of != np.roll(left_of, -1, axis=0))
    slopes = (end - start)[edges]
    along = (centres[columns] - start[edges, 0]) / slopes[:, 0]
    rows = np.ceil(start[edges, 1] + along * slopes[:, 1] - 0.5)
    rows = np.clip(rows, 0, height).astype(int)
    crossings = np.zeros((height + 1, width), np.int32)
    np.add.at(crossings, (rows, columns), 1)
    return crossings.cumsum(0)[:height] % 2 == 1


def _order(annotation: Mapping) -> tuple:
    return (
        not annotation.get("iscrowd"),
        -annotation["area"],
        annotation.get("id", 0),
    )


def _of_run_lengths(
    segmentation: Mapping, size: tuple[int, int], where: str
) -> np.ndarray:
    """A mask from lengths of runs of 0 and 1 in turn, column by column."""
    counts = segmentation["counts"]
    if not isinstance(counts, Sequence) or isinstance(counts, str):
        raise InputError(
            f"{where}: wanted run lengths as numbers, found them as "
            f"{type(counts).__name__}; decode them with pycocotools first"
        )
    if tuple(segmentation["size"]) != size or sum(counts) != size[0] * size[1]:
        raise InputError(
            f"{where}: wanted run lengths of an image of height and width "
            f"{size}, found {segmentation['size']} and {sum(counts)} pixels; "
            f"correct the file"
        )
    runs = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return runs.reshape(size[1], size[0]).T
