"""Pictures for people: a map over its image, and sheets of such pictures.

Arrays in, [height, width, 3] uint8 RGB arrays out.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from guided_segmentation import labels
from guided_segmentation.labels import BACKGROUND, IGNORE

WHITE = 255
_GAP_PX = 4  # Between the tiles of a sheet.
_CAPTION_PX = 18

# From nothing to everything, dark to light, so that it prints in grey too.
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
    """Paints classes in VOC's colours and ignored pixels white.

    White is what the paper's figures 6, 7 and 11 to 13 give to "ignore".

    Args:
      label_map: [height, width] uint8.

    Returns:
      [height, width, 3] uint8 RGB.
    """
    table = labels.palette().copy()
    table[IGNORE] = WHITE
    return table[label_map]


def contours(label_map: np.ndarray) -> np.ndarray:
    """Finds the pixels whose right or lower neighbour is of another class.

    Args:
      label_map: [height, width] uint8.

    Returns:
      [height, width] bool.
    """
    differs = np.zeros(label_map.shape, bool)
    differs[:, :-1] |= label_map[:, :-1] != label_map[:, 1:]
    differs[:-1] |= label_map[:-1] != label_map[1:]
    return differs


def overlay(
    image: np.ndarray, label_map: np.ndarray, opacity: float = 0.65
) -> np.ndarray:
    """Lays a label map over its image, with a dark line between classes.

    The image fades to dim greys, so that every colour is a class and every
    white is ignored.

    Args:
      image: [height, width, 3] uint8 RGB.
      label_map: [height, width] uint8.
      opacity: Of the classes' colours, 0 to 1; ignored pixels are covered
        more, so that they stay white on a dark photograph.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      ValueError: If the two differ in height or width.
    """
    _check_same_size(image, label_map)
    share = np.full(256, opacity, np.float32)
    share[BACKGROUND] = 0
    share[IGNORE] = (1 + opacity) / 2
    picture = _blend(faded(image), colours(label_map), share[label_map])
    picture[contours(label_map)] //= 4
    return picture


def faded(image: np.ndarray) -> np.ndarray:
    """Takes the colours and the brightest third away from an image.

    Args:
      image: [height, width, 3] uint8 RGB.

    Returns:
      [height, width, 3] uint8 greys, 32 to 185.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    dim = np.rint(32 + 0.6 * grey).astype(np.uint8)
    return np.repeat(dim[..., None], 3, axis=-1)


def heat(
    image: np.ndarray, score_map: np.ndarray, opacity: float = 0.75
) -> np.ndarray:
    """Lays a score or saliency map over its image, from dark to light.

    Args:
      image: [height, width, 3] uint8 RGB.
      score_map: [height, width] float; 0 is dark, 1 is light, and what lies
        beyond is clipped.
      opacity: Of the heat, 0 to 1.

    Returns:
      [height, width, 3] uint8 RGB.

    Raises:
      ValueError: If the two differ in height or width.
    """
    _check_same_size(image, score_map)
    levels = np.linspace(0, 1, len(_HEAT))
    warmth = np.stack(
        [np.interp(score_map, levels, channel) for channel in _HEAT.T], axis=-1
    )
    share = np.full(score_map.shape, opacity, np.float32)
    return _blend(image, warmth, share)


def scaled(image: np.ndarray, height: int) -> np.ndarray:
    """Resizes an image to a height, its proportions kept.

    Args:
      image: [any height, any width, 3] uint8 RGB.
      height: Of the result, in pixels.

    Returns:
      [height, width, 3] uint8 RGB, at least one pixel wide.
    """
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    shrinks = height < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=method)


def contact_sheet(
    rows: Sequence[Mapping[str, np.ndarray]], height: int = 160
) -> np.ndarray:
    """Sets rows of captioned pictures on white, all of one height.

    Args:
      rows: Pictures by caption, [any height, any width, 3] uint8 RGB; rows
        may differ in length.
      height: Of every picture, in pixels.

    Returns:
      [sheet height, sheet width, 3] uint8 RGB.

    Raises:
      ValueError: If there is no row, or one without a picture.
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
    """Returns the PNG file of a [height, width, 3] uint8 RGB image."""
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    """Returns the JPEG file of a [height, width, 3] uint8 RGB image."""
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", image[..., ::-1], parameters)[1].tobytes()


def _check_same_size(image: np.ndarray, pixels: np.ndarray) -> None:
    if image.shape[:2] != pixels.shape:
        raise ValueError(
            f"image and map must share height and width, got "
            f"{image.shape[:2]} and {pixels.shape}; resize the map to the image"
        )


def _blend(
    image: np.ndarray, cover: np.ndarray, share: np.ndarray
) -> np.ndarray:
    """Mixes two [height, width, 3] pictures by a [height, width] share."""
    image = image.astype(np.float32)
    mixed = image + share[..., None] * (cover - image)
    return np.rint(mixed).astype(np.uint8)


def _tile(caption: str, image: np.ndarray, height: int) -> np.ndarray:
    picture = scaled(image, height)
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
