"""Features of frozen layers: computed once, then read from a memory map.

If the lower layers are frozen and a flip is the only augmentation below them,
the features of an image never change. On two cores the cache saves a third of
the time of a step.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation import artifacts

FEATURES_FILE, KEY_FILE = "features.npy", "key.json"


def cached(
    lower: Callable[[tf.Tensor], tf.Tensor],
    inputs: Callable[[], Iterable[tf.Tensor]],
    *,
    count: int,
    folder: artifacts.Path,
    key: dict,
) -> np.ndarray:
    """Returns the features of all inputs, computing them if need be.

    Args:
      lower: The frozen layers: [2, rows, columns, 3] float32 -> [2, cell rows,
        cell columns, channels] float.
      inputs: Called if there is no cache; yields for each image its pair of
        inputs, [2, rows, columns, 3] float32: as it is and flipped.
      count: Number of images.
      folder: Folder of all caches; each is in a subfolder named by its key.
      key: Everything that the features depend on, as JSON; "photographs" is
        the list of [image id, digest] of the inputs.

    Returns:
      [count, 2, cell rows, cell columns, channels] float16, a read-only
      memory map, so that features need no memory.
    """
    text = json.dumps(key, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = pathlib.Path(folder) / digest
    path = folder / FEATURES_FILE
    if not path.exists():
        artifacts.remove_orphans(path)  # Of a stopped process; gigabytes.
        artifacts.write_json(folder / KEY_FILE, key)
        with artifacts.replacing(path) as temporary:
            _fill(temporary, lower, inputs(), count)
    return np.load(path, mmap_mode="r")


def stored(
    folder: artifacts.Path, key: dict
) -> dict[tuple[str, str], np.ndarray]:
    """Returns the features that `cached` has left, whatever the photographs.

    Args:
      folder: As `cached` takes it; there may be none.
      key: As `cached` takes it, without "photographs".

    Returns:
      By image id and digest of the photograph [2, cell rows, cell columns,
      channels] float16, parts of memory maps.
    """
    found = {}
    for path in sorted(pathlib.Path(folder).glob(f"*/{FEATURES_FILE}")):
        their = artifacts.read_json(path.with_name(KEY_FILE))
        photographs = their.pop("photographs", ())
        if their == key:
            features = np.load(path, mmap_mode="r")
            ids = map(tuple, photographs)
            found.update(zip(ids, features, strict=True))
    return found


def _fill(path, lower, inputs, count):
    """Writes image by image.

    Writing to a memory map would end the process by SIGBUS on a full disk.
    """
    bar = tqdm.tqdm(inputs, "features", count, unit="image", mininterval=1)
    with path.open("wb") as file:
        for index, pair in enumerate(bar):
            features = tf.cast(lower(pair), tf.float16).numpy()
            if index == 0:
                _write_header(file, (count, *features.shape))
            file.write(features.tobytes())


def _write_header(file, shape):
    np.lib.format.write_array_header_1_0(
        file, {"descr": "<f2", "fortran_order": False, "shape": shape}
    )
