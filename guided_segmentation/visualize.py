"""Draws label maps and score maps over images, and sheets of such pictures.

Functions take arrays and return [height, width, 3] uint8 RGB arrays.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from guided_segmentation import labels
from guided_segmentation.labels import BACKGROUND, IGNORE

WHITE = 255
_GAP_PX = 4  # Between the tiles of a sheet.
_CAPTION_PX = 18

# From 0 to 1. Lightness increases, so the order survives printing in grey.
_HEAT = np.array(
    [
        (0, 0, 4),
        (66, 10, 104),
        (147, 38, 103),
        (221, 81, 58),
        (252, 165, 10),
        (252, 255, 164),
    ],
    np.float32,
)


def colours(label_map: np.ndarray) -> np.ndarray:
    """Colours classes with VOC's palette and ignored pixels white.

    The paper's figures 6, 7 and 11 to 13 show ignored pixels white too.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.

    Returns:
      [height, width, 3] uint8 RGB.

    Example:
      >>> colours(np.array([[0, 1, 255]], np.uint8)).tolist()
      [[[0, 0, 0], [128, 0, 0], [255, 255, 255]]]
    """
    table = labels.palette().copy()
    table[IGNORE] = WHITE
    return table[label_map]


def contours(label_map: np.ndarray) -> np.ndarray:
    """Finds the pixels whose right or lower neighbour has another class.

    Args:
      label_map: [height, width] uint8 class indices, or a bool mask.

    Returns:
      [height, width] bool.

    Example:
      >>> contours(np.array([[0, 0, 1], [2, 2, 1]], np.uint8)).tolist()
      [[True, True, False], [False, True, False]]
    """
    differs = np.zeros(label_map.shape, bool)
    differs[:, :-1] |= label_map[:, :-1] != label_map[:, 1:]
    differs[:-1] |= label_map[:-1] != label_map[1:]
    return differs


def overlay(
    image: np.ndarray, label_map: np.ndarray, opacity: float = 0.65
) -> np.ndarray:
    """Draws a label map over its image, with a dark line between classes.

    The image is reduced to dim greys, so that every colour stands for a class
    and white for ignored pixels.

    Args:
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8 class indices and IGNORE.
      opacity: Opacity of the classes' colours, 0 to 1. White is more opaque,
        so that ignored pixels look white over a dark image too.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      ValueError: If the two differ in height or width.

    Example:
      >>> image = np.full((1, 2, 3), 100, np.uint8)
      >>> label_map = np.array([[1, 0]], np.uint8)
      >>> overlay(image, label_map, opacity=0.5).tolist()
      [[[27, 11, 11], [92, 92, 92]]]
    """
    _check_same_size(image, label_map)
    opacities = np.full(256, opacity, np.float32)
    opacities[BACKGROUND] = 0
    opacities[IGNORE] = (1 + opacity) / 2
    picture = _blend(faded(image), colours(label_map), opacities[label_map])
    picture[contours(label_map)] //= 4
    return picture


def faded(image: np.ndarray) -> np.ndarray:
    """Converts an image to greys without the darkest and brightest levels.

    Args:
      image: [height, width, 3] uint8 RGB.

    Returns:
      [height, width, 3] uint8 greys, 32 to 185.

    Example:
      >>> faded(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)).tolist()
      [[[32, 32, 32], [185, 185, 185]]]
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    dim = np.rint(32 + 0.6 * grey).astype(np.uint8)
    return np.repeat(dim[..., None], 3, axis=-1)


def heat(
    image: np.ndarray, score_map: np.ndarray, opacity: float = 0.75
) -> np.ndarray:
    """Draws a score map or saliency map over its image, from dark to light.

    Args:
      image: [height, width, 3] uint8 RGB.
      score_map: [height, width] float; 0 is dark, 1 is light, and values
        beyond are clipped.
      opacity: Opacity of the map's colours, 0 to 1.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      ValueError: If the two differ in height or width.

    Example:
      >>> image = np.zeros((1, 2, 3), np.uint8)
      >>> heat(image, np.array([[0.0, 1.0]]), opacity=1).tolist()
      [[[0, 0, 4], [252, 255, 164]]]
    """
    _check_same_size(image, score_map)
    levels = np.linspace(0, 1, len(_HEAT))
    cover = np.stack(
        [np.interp(score_map, levels, channel) for channel in _HEAT.T], axis=-1
    )
    opacities = np.full(score_map.shape, opacity, np.float32)
    return _blend(image, cover, opacities)


def resize_to_height(image: np.ndarray, height: int) -> np.ndarray:
    """Resizes an image to a height and keeps its aspect ratio.

    Args:
      image: [any height, any width, 3] uint8 RGB.
      height: Height of the result, in pixels.

    Returns:
      [height, width, 3] uint8 RGB, at least one pixel wide.

    Example:
      >>> resize_to_height(np.zeros((4, 6, 3), np.uint8), 8).shape
      (8, 12, 3)
    """
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    shrinks = height < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=method)


def contact_sheet(
    rows: Sequence[Mapping[str, np.ndarray]], height: int = 160
) -> np.ndarray:
    """Arranges rows of captioned pictures on white, all of one height.

    Args:
      rows: Pictures by caption, [any height, any width, 3] uint8 RGB; rows
        may differ in length.
      height: Height of every picture, in pixels.

    Returns:
      [sheet_height, sheet_width, 3] uint8 RGB.

    Raises:
      ValueError: If there is no row, or a row without a picture.

    Example:
      >>> image = np.zeros((4, 6, 3), np.uint8)
      >>> row = {"Image": image, "Truth": image}
      >>> contact_sheet([row], height=40).shape
      (62, 132, 3)
    """
    if not rows or not all(rows):
        raise ValueError(
            f"a contact sheet needs at least one picture in every row, got "
            f"rows of {[len(row) for row in rows]}"
        )
    strips = [
        np.hstack([_tile(*item, height) for item in row.items()])
        for row in rows
    ]
    width = max(strip.shape[1] for strip in strips)
    sheet = np.vstack(
        [_padded(strip, right=width - strip.shape[1]) for strip in strips]
    )
    return _padded(sheet, top=_GAP_PX, left=_GAP_PX)


def png(image: np.ndarray) -> bytes:
    """Encodes an image as a PNG file.

    Args:
      image: [height, width, 3] uint8 RGB.
    """
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    """Encodes an image as a JPEG file.

    Args:
      image: [height, width, 3] uint8 RGB.
      quality: 0 to 100, the best.
    """
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", image[..., ::-1], parameters)[1].tobytes()


def _check_same_size(image: np.ndarray, pixels: np.ndarray) -> None:
    if image.shape[:2] != pixels.shape:
        raise ValueError(
            f"image and map must share height and width, got "
            f"{image.shape[:2]} and {pixels.shape}; resize the map to the image"
        )


def _blend(
    image: np.ndarray, cover: np.ndarray, opacities: np.ndarray
) -> np.ndarray:
    """Mixes two [height, width, 3] pictures by [height, width] opacities."""
    image = image.astype(np.float32)
    mixed = image + opacities[..., None] * (cover - image)
    return np.rint(mixed).astype(np.uint8)


def _tile(caption: str, image: np.ndarray, height: int) -> np.ndarray:
    picture = resize_to_height(image, height)
    tile = _padded(picture, bottom=_CAPTION_PX, right=_GAP_PX)
    cv2.putText(
        tile,
        caption,
        (1, height + _CAPTION_PX - 6),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.4,
        (40, 40, 40),
        1,
        cv2.LINE_AA,
    )
    return tile


def _padded(
    image: np.ndarray,
    top: int = 0,
    bottom: int = 0,
    left: int = 0,
    right: int = 0,
) -> np.ndarray:
    margins = ((top, bottom), (left, right), (0, 0))
    return np.pad(image, margins, constant_values=WHITE)
