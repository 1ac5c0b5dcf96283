"""Reads every image of a data set once and keeps what checks need of it."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Iterator
from concurrent import futures

import cv2
import numpy as np
import tqdm

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import mask_tables
from guided_segmentation.datasets.verification.layouts import Layout

_THREADS = 4
_HASH_PX = 32  # Side of the picture whose frequencies are hashed.
_HASH_BITS = 8  # Frequencies a side: 64 bits.
_THUMBNAIL_PX = 16  # Side of the picture that confirms a hash.
_MAX_FLAT_STDDEV = 1.0  # Grey levels.
_MAX_MASK_VALUES = 8  # A photograph has more grey levels.


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskFacts:
    """What checks need of a mask.

    Attributes:
      path: The file.
      problem: Why it cannot be read; None if it can.
      size: Height and width.
      counts: Number of pixels by value; values that do not occur are left
        out.
    """

    path: pathlib.Path
    problem: str | None = None
    size: tuple[int, int] = (0, 0)
    counts: dict[int, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What checks need of a photograph; some hundred bytes.

    Attributes:
      image_id: Its id.
      problem: Why it cannot be read; None if it can. The following are then
        as by default.
      header: What its header says.
      size: Height and width, upright.
      is_flat: Whether it has one colour.
      is_mask: Whether it has so few grey levels as a mask has.
      digest: Of the bytes of the file.
      bits: Perceptual hash, 64 bits.
      thumbnail: 256 grey levels.
      mask: Facts of its mask, if it has one.
    """

    image_id: str
    problem: str | None = None
    header: artifacts.Header | None = None
    size: tuple[int, int] = (0, 0)
    is_flat: bool = False
    is_mask: bool = False
    digest: bytes = b""
    bits: int = 0
    thumbnail: bytes = b""
    mask: MaskFacts | None = None


def scan(layout: Layout) -> Iterator[Facts]:
    """Reads all photographs and masks, with a progress bar.

    As many images are in memory at a time as threads read them.

    Args:
      layout: The data set.

    Yields:
      Facts in the order of layout.photographs.
    """
    with futures.ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda each: facts(layout, each), layout.photographs)
        total = len(layout.photographs)
        yield from tqdm.tqdm(found, "verify", total, unit="image")


def facts(layout: Layout, image_id: str) -> Facts:
    """Reads a photograph and its mask."""
    path = layout.photographs[image_id]
    mask = _mask(layout, image_id)
    try:
        header = artifacts.read_header(path)
        image = artifacts.read_image(path)
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        return Facts(image_id=image_id, problem=str(error), mask=mask)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    thumbnail = cv2.resize(
        grey, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA
    )
    num_values = np.count_nonzero(np.bincount(grey.ravel()))
    has_few_values = bool(num_values <= _MAX_MASK_VALUES)
    is_flat = bool(grey.std() < _MAX_FLAT_STDDEV)
    return Facts(
        image_id=image_id,
        header=header,
        size=(image.shape[0], image.shape[1]),
        is_flat=is_flat,
        is_mask=header.mode in ("P", "L", "1") and has_few_values,
        digest=hashlib.sha256(content).digest()[:8],
        bits=perceptual_hash(grey),
        thumbnail=thumbnail.tobytes(),
        mask=mask,
    )


def perceptual_hash(grey: np.ndarray) -> int:
    """Hashes what a picture looks like, whatever its size and compression.

    Args:
      grey: [height, width] uint8.

    Returns:
      64 bits: which of the 8 x 8 lowest frequencies of the picture, resized
      to 32 x 32, are above their median. The mean brightness is left out.

    Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash
    Functions", 2010, section 3.2.1.
    """
    size = _HASH_PX, _HASH_PX
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:_HASH_BITS, :_HASH_BITS]
    values = frequencies.ravel()[1:]
    bits = np.append(False, values > np.median(values))
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _mask(layout: Layout, image_id: str) -> MaskFacts | None:
    path = layout.masks.get(image_id)
    if path is None:
        return None
    label_set = layout.label_set or labels.VOC
    try:
        label_map = mask_tables.read_label_map(path, layout.table, label_set)
    except (OSError, ValueError) as error:
        return MaskFacts(path=path, problem=str(error))
    counts = np.bincount(label_map.ravel(), minlength=256)
    present = np.flatnonzero(counts)
    return MaskFacts(
        path=path,
        size=(label_map.shape[0], label_map.shape[1]),
        counts=dict(
            zip(present.tolist(), counts[present].tolist(), strict=True)
        ),
    )
