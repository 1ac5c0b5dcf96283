"""Small pictures for the page of photographs, and layers to lay over them.

Photographs and their maps become files of at most PICTURE_PX pixels a side,
so that a page of ten thousand photographs opens. A file is written again only
if what it shows is newer.
"""

import os
import pathlib

import cv2
import numpy as np

from guided_segmentation import artifacts, labels, visualize
from guided_segmentation.datasets import schema

PICTURE_PX = 512  # Longer side of a picture.
_QUALITY = 80  # Of a JPEG.
_IGNORED_OPACITY = 200  # Of 255; classes are opaque.


def write_photograph(
    folder: artifacts.Path, source: schema.Source, image_id: str
) -> pathlib.Path:
    """Writes a small photograph as a JPEG, unless it is there and not older.

    Args:
      folder: Folder of <image_id>.jpg.
      source: The photographs.
      image_id: Which one.

    Raises:
      InputError: If the photograph is unreadable.
    """
    path = pathlib.Path(folder, f"{image_id}.jpg")
    original = source.photograph and source.photograph(image_id)
    if original is None or not _is_current(path, original):
        picture = _small(source.image(image_id), cv2.INTER_AREA)
        artifacts.write_bytes(path, visualize.jpeg(picture, _QUALITY))
    return path


def write_layer(
    folder: artifacts.Path, name: str, maps_dir: artifacts.Path, image_id: str
) -> pathlib.Path | None:
    """Writes a layer of one photograph, unless it is there and not older.

    Args:
      folder: Folder of <image_id>.png (of label maps) or .jpg (of saliency).
      name: "saliency" draws saliency maps, other names label maps.
      maps_dir: Folder of <image_id>.png.
      image_id: Which photograph.

    Returns:
      The file; None if the photograph has no map.

    Raises:
      InputError: If the map is unreadable.
    """
    original = pathlib.Path(maps_dir, f"{image_id}.png")
    if not original.exists():
        return None
    is_saliency = name == "saliency"
    ending = ".jpg" if is_saliency else ".png"
    path = pathlib.Path(folder, f"{image_id}{ending}")
    if not _is_current(path, original):
        encode = _saliency if is_saliency else _label_map
        artifacts.write_bytes(path, encode(original))
    return path


def label_layer(label_map: np.ndarray) -> np.ndarray:
    """Colours a label map so that it can lie over its photograph.

    Args:
      label_map: [height, width] uint8 class indices and IGNORE.

    Returns:
      [height, width, 4] uint8 RGBA: the background is transparent, classes
      are opaque in the palette's colours, ignored pixels are white and nearly
      opaque, and a black line runs between classes.

    Example:
      >>> label_layer(np.array([[0, 0, 2]], np.uint8)).tolist()
      [[[0, 0, 0, 0], [0, 0, 0, 255], [0, 128, 0, 255]]]
    """
    opacities = np.full(256, 255, np.uint8)
    opacities[labels.BACKGROUND] = 0
    opacities[labels.IGNORE] = _IGNORED_OPACITY
    colours = visualize.colours(label_map)
    layer = np.dstack([colours, opacities[label_map]])
    layer[visualize.contours(label_map)] = (0, 0, 0, 255)
    return layer


def _label_map(path: pathlib.Path) -> bytes:
    small = _small(artifacts.read_label_map(path), cv2.INTER_NEAREST)
    return artifacts.encode_image(label_layer(small))


def _saliency(path: pathlib.Path) -> bytes:
    small = _small(artifacts.read_saliency_map(path), cv2.INTER_AREA)
    nothing = np.zeros((*small.shape, 3), np.uint8)
    return visualize.jpeg(visualize.heat(nothing, small, 1.0), _QUALITY)


def _small(array: np.ndarray, method: int) -> np.ndarray:
    """Resizes a picture whose longer side exceeds PICTURE_PX."""
    height, width = array.shape[:2]
    scale = PICTURE_PX / max(height, width)
    if scale >= 1:
        return array
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(array, size, interpolation=method)


def _is_current(path: pathlib.Path, original: artifacts.Path) -> bool:
    """Whether `path` exists and is not older than what it shows."""
    try:
        return os.stat(path).st_mtime_ns >= os.stat(original).st_mtime_ns
    except FileNotFoundError:
        return False
