"""Finds the recipes and models that come with the package.

In a checkout they lie in flags/ and saved_models/ beside the package; a wheel
installs them to share/guided_segmentation of the environment.
"""

import os
import pathlib
import site
import sys

FOLDERS = ("flags", "saved_models")
_PACKAGE = pathlib.Path(__file__).resolve().parents[1]
_SHARE = pathlib.Path("share", "guided_segmentation")
ROOTS = (
    _PACKAGE.parent,  # A checkout.
    _PACKAGE.parent / _SHARE,  # pip install --target.
    pathlib.Path(sys.prefix) / _SHARE,
    pathlib.Path(site.getuserbase()) / _SHARE,  # pip install --user.
)


def find(path: str | os.PathLike) -> pathlib.Path:
    """Finds a file or folder, in the current folder or with the package.

    Args:
      path: Such as "flags/demo/seeds.flags" or "saved_models".

    Returns:
      `path` if it exists, or if the package has no such file either;
      otherwise the path of the package's own.
    """
    path = pathlib.Path(path)
    if not path.exists() and path.parts[:1] and path.parts[0] in FOLDERS:
        for root in ROOTS:
            if (root / path).exists():
                return root / path
    return path
