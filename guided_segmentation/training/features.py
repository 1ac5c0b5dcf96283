"""Features of frozen layers: computed once, then read from a memory map.

When the lower layers do not learn and augmentation is but a flip, what they
say of an image never changes. On two cores this saves a third of a step.
"""

import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf
import tqdm

from guided_segmentation import artifacts


def cached(
    lower: Callable[[tf.Tensor], tf.Tensor],
    inputs: Callable[[], Iterable[tf.Tensor]],
    *,
    count: int,
    folder: artifacts.Path,
    key: dict,
) -> np.ndarray:
    """Returns the features of all inputs, from the folder if they are there.

    Args:
      lower: The frozen layers: [2, rows, columns, 3] -> [2, cells down,
        cells across, channels].
      inputs: Called if need be; yields for each image its pair of inputs,
        [2, rows, columns, 3] float32: as it is and flipped.
      count: Number of images.
      folder: Where caches live; each in a folder named by its key.
      key: All that the features depend on, as JSON.

    Returns:
      [count, 2, cells down, cells across, channels] float16, read from the
      disk on demand, so that memory stays flat.
    """
    text = json.dumps(key, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = pathlib.Path(folder) / digest
    path = folder / "features.npy"
    if not path.exists():
        artifacts.remove_orphans(path)  # Each may be gigabytes.
        artifacts.write_json(folder / "key.json", key)
        with artifacts.replacing(path) as temporary:
            _fill(temporary, lower, inputs(), count)
    return np.load(path, mmap_mode="r")


def _fill(path, lower, inputs, count):
    """Row by row: a memory map of a full disk would kill the process."""
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
