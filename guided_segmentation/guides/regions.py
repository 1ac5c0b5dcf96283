"""Connected components of the saliency mask and of the seeds.

Source: Oh et al., CVPR 2017, appendix E; 8-connectivity and the removal of
components one pixel thick are from the authors' implementation.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from guided_segmentation.guides.evidence import present_classes
from guided_segmentation.guides.settings import GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE

_FEW = 255  # Borders of components, each of which takes a step of Python.


class SeedComponents(NamedTuple):
    """The connected components of the seeds, in appendix E {R_j^s}.

    The background of the seeds has components too, which G2 needs to label
    its own background.

    Attributes:
      numbers: [height, width] integers, the number of each pixel's component,
        from 1 on; 0 where there is none.
      classes: [num_components + 1] uint8, the class of each component;
        classes[0] is IGNORE.
    """

    numbers: np.ndarray
    classes: np.ndarray


def components(
    mask: np.ndarray, min_area_px: float, first: int = 1
) -> np.ndarray:
    """Numbers the 8-connected components of a mask that are large enough.

    >>> import numpy as np
    >>> mask = np.array([[1, 1, 0, 0, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0],
    ...                  [0, 0, 1, 1, 0], [1, 0, 0, 0, 0]], bool)
    >>> print(components(mask, min_area_px=4))
    [[1 1 0 0 0]
     [1 1 0 0 0]
     [0 0 1 1 0]
     [0 0 1 1 0]
     [0 0 0 0 0]]

    Args:
      mask: [height, width] bool.
      min_area_px: Smallest area of a component in pixels. Components one
        pixel high or wide are removed at any length.
      first: Number of the first component, at least 1.

    Returns:
      [height, width] integers of the smallest sufficient type, the number of
      each pixel's component, from `first` on; 0 outside the mask and where a
      component was removed.
    """
    borders, levels = cv2.findContours(
        mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    if len(borders) > _FEW:
        return _many_components(mask, min_area_px, first)
    outlines = _outlines(borders, levels, min_area_px)
    if len(outlines) == 1 == len(borders) and first <= 255:  # The whole mask.
        return mask.view(np.uint8) * np.uint8(first)
    largest = first + len(outlines) - 1 if outlines else 0
    dtype = np.min_scalar_type(largest)
    # OpenCV has no uint32.
    numbers = np.zeros(mask.shape, np.int32 if dtype == np.uint32 else dtype)
    for number, outline in enumerate(outlines, start=first):
        cv2.fillPoly(numbers, outline, [number])
    return numbers.view(dtype)


def _outlines(
    borders: Sequence[np.ndarray], levels: np.ndarray, min_area_px: float
) -> list[list[np.ndarray]]:
    """Returns the borders of each component that is large enough.

    Args:
      borders: What OpenCV finds: [num_points, 1, 2] int32 columns and rows of
        all pixels along the outside of a component or around one of its holes.
      levels: [1, num_borders, 4] int32; the last is, for a hole, the index of
        its component's outside, and -1 for an outside.
      min_area_px: Smallest area of a component in pixels.

    Returns:
      By component, its outside and its holes; by the first pixel of each,
      row by row.
    """
    found: dict[int, list[np.ndarray]] = {}
    areas: dict[int, int] = {}
    parents = levels[0, :, 3].tolist() if len(borders) else []
    for index, (border, parent) in enumerate(
        zip(borders, parents, strict=True)
    ):
        component = index if parent < 0 else parent
        found.setdefault(component, []).append(border)
        areas.setdefault(component, 0)
        areas[component] += _num_pixels(border, is_hole=parent >= 0)
    kept = [
        component
        for component in found
        if areas[component] >= min_area_px
        and min(cv2.boundingRect(borders[component])[2:]) > 1
    ]
    kept.sort(key=lambda k: borders[k][0, 0, ::-1].tolist())
    return [found[component] for component in kept]


def _num_pixels(border: np.ndarray, is_hole: bool) -> int:
    """Returns the pixels of a filled border, negative for those of a hole.

    Pick's theorem: a polygon of area A with B points of the grid on its sides
    has A - B / 2 + 1 inside. The border of a hole lies on the component
    around it.
    """
    area, num_points = cv2.contourArea(border), len(border)
    if is_hole:
        return int(num_points / 2 - 1 - area)
    return int(area + num_points / 2 + 1)  # 1 for a single pixel.


def _many_components(
    mask: np.ndarray, min_area_px: float, first: int
) -> np.ndarray:
    """Returns `components` without a step of Python for each.

    It takes three times as long as borders where components are few.
    """
    # Each component fills a 2x2 block of its own: numbers may fit into 16 bits.
    num_blocks = np.prod([(size + 1) // 2 for size in mask.shape])
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(
        mask.view(np.uint8),
        connectivity=8,
        ltype=cv2.CV_16U if num_blocks < 2**16 else cv2.CV_32S,
    )
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    kept &= stats[:, cv2.CC_STAT_WIDTH] > 1
    kept &= stats[:, cv2.CC_STAT_HEIGHT] > 1
    kept[0] = False  # OpenCV's component 0 is the outside of the mask.
    new_numbers = np.where(kept, np.cumsum(kept) + (first - 1), 0)
    new_numbers = new_numbers.astype(np.min_scalar_type(new_numbers.max()))
    return look_up(new_numbers, numbers)


def look_up(table: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Returns `table[numbers]`, by OpenCV where numbers fit into 8 bits.

    OpenCV takes a tenth of NumPy's time for it.

    Args:
      table: [num_numbers] bool or integers.
      numbers: [height, width] integers from 0 to below num_numbers.

    Returns:
      [height, width] array of the table's type.
    """
    if len(table) > 256 or table.dtype.itemsize > 1:
        return table[numbers]
    padded = np.zeros(256, table.dtype)
    padded[: len(table)] = table
    found = cv2.LUT(numbers.astype(np.uint8), padded.view(np.uint8))
    return found.view(table.dtype)


def salient_regions(
    saliency_mask: np.ndarray, settings: GuideSettings
) -> np.ndarray:
    """Numbers the salient regions of an image, in appendix E {R_i^fg}.

    Args:
      saliency_mask: [height, width] bool, True on the foreground.
      settings: Of which `saliency_min_area` is used.

    Returns:
      [height, width] integer numbers, as `components` returns them.
    """
    min_area_px = settings.saliency_min_area.in_pixels(saliency_mask.size)
    return components(saliency_mask, min_area_px)


def seed_components(
    seeds: np.ndarray, image_labels: np.ndarray, settings: GuideSettings
) -> SeedComponents:
    """Numbers the seed components of the background and each present object.

    >>> import numpy as np
    >>> from guided_segmentation.guides import Area, GuideSettings
    >>> seeds = np.array([[1, 1, 0, 0], [1, 1, 0, 0]], np.uint8)
    >>> area = Area("4px")
    >>> settings = GuideSettings(seed_min_area=area, background_min_area=area)
    >>> found = seed_components(seeds, np.array([True]), settings)
    >>> print(found.numbers)
    [[2 2 1 1]
     [2 2 1 1]]
    >>> print(found.classes)
    [255   0   1]

    Args:
      seeds: [height, width] uint8 class indices; BACKGROUND where there is no
        seed.
      image_labels: [num_objects] bool, True for each object present. Seeds of
        absent objects belong to no component.
      settings: Of which `seed_min_area` and `background_min_area` are used.

    Returns:
      The components, those of the background first, then by class.
    """
    limit = settings.background_min_area.in_pixels(seeds.size)
    numbers = components(seeds == BACKGROUND, limit)
    classes = [IGNORE] + [BACKGROUND] * int(numbers.max())
    limit = settings.seed_min_area.in_pixels(seeds.size)
    for index in present_classes(image_labels):
        found = components(seeds == index, limit, first=len(classes))
        numbers = np.maximum(numbers, found)
        classes += [index] * (int(numbers.max()) + 1 - len(classes))
    return SeedComponents(numbers, np.array(classes, np.uint8))


def intersecting(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tells which components of two numberings share a pixel.

    >>> import numpy as np
    >>> regions = np.array([[1, 1, 0, 2]], np.int32)
    >>> seeds = np.array([[0, 1, 1, 1]], np.int32)
    >>> print(intersecting(regions, seeds))
    [[False False]
     [False  True]
     [False  True]]

    Args:
      first: [height, width] integer numbers, from 1 on; 0 where there is no
        component.
      second: [height, width] integer numbers, likewise.

    Returns:
      [num_first + 1, num_second + 1] bool. Row 0 and column 0 are False.
    """
    shape = int(first.max()) + 1, int(second.max()) + 1
    dtype = np.min_scalar_type(shape[0] * shape[1]).type
    pairs = first.ravel().astype(dtype)
    pairs *= dtype(shape[1])
    pairs += second.ravel().astype(dtype, copy=False)
    # Neighbours mostly have the same pair; each run of pixels counts once.
    starts = np.flatnonzero(pairs[1:] != pairs[:-1]) + 1
    intersects = np.zeros(shape, bool)
    intersects.ravel()[pairs[starts]] = True
    intersects.ravel()[pairs[:1]] = True
    intersects[0] = intersects[:, 0] = False
    return intersects
