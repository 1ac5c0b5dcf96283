"""The order of VOC's colours in the palette of a label map."""

import numpy as np

from guided_segmentation import labels
from guided_segmentation.artifacts.atomic import Path
from guided_segmentation.errors import InputError


def require_order(indices: np.ndarray, colours: np.ndarray, path: Path) -> None:
    """Checks that VOC's colours, if they are all used, have VOC's indices.

    Args:
      indices: [height, width] uint8.
      colours: [length of the palette, 3] RGB.
      path: The file, for the message.

    Raises:
      ValueError: If they have others. An editor that saves a palette image
        again keeps its colours, but may number them anew.
    """
    used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
    used = used[used < len(colours)]
    voc = {tuple(c): i for i, c in enumerate(labels.palette().tolist())}
    found = [voc.get(tuple(c), -1) for c in colours[used].tolist()]
    if -1 in found or found == used.tolist():
        return
    pairs = zip(used, found, strict=True)
    index, meant = next((u, f) for u, f in pairs if u != f)
    raise InputError(
        f"{path}: wanted VOC's palette in VOC's order, found the colour of "
        f"class {meant} at index {index}, as after saving in an editor; save "
        f"VOC's indices, or remove the palette if these are right"
    )
