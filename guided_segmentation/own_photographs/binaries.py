"""Where the binaries are, in a checkout and in an installed package."""

import os
import pathlib
import site
import sys
import sysconfig

import guided_segmentation
from guided_segmentation.errors import InputError

_ONE = "train_segmenter"


def folder() -> pathlib.Path:
    """Returns the folder of the binaries.

    Raises:
      InputError: If there is none.
    """
    package = pathlib.Path(guided_segmentation.__file__).resolve().parent
    places = [
        package.parent / "bin",
        pathlib.Path(sysconfig.get_path("scripts")),
        pathlib.Path(sys.executable).parent,
        pathlib.Path(site.getuserbase(), "bin"),
    ]
    for place in places:
        if os.access(place / _ONE, os.R_OK):
            return place
    raise InputError(
        f"wanted {_ONE} and the other binaries in one of "
        f"{', '.join(map(str, places))}, found none; install the package by "
        f"pip install"
    )
