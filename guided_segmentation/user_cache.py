"""Where a user's downloads, decoded files and timings are kept between runs."""

import os
import pathlib

VARIABLE = "GUIDED_SEGMENTATION_CACHE"


def path(name: str) -> pathlib.Path:
    """Returns where something is kept that can be made or downloaded again.

    Args:
      name: Of a file or folder, such as "decoded".

    Returns:
      A path in the folder that $GUIDED_SEGMENTATION_CACHE names, or in
      ~/.cache/guided_segmentation.
    """
    folder = os.environ.get(VARIABLE) or "~/.cache/guided_segmentation"
    return pathlib.Path(folder).expanduser() / name
