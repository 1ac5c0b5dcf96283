"""Ends a binary with one line where the package is not installed.

The binaries import this module first, before anything that could be missing,
and before TensorFlow, whose log is kept to errors.
"""

import importlib.util
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

NEEDED = ("absl", "tensorflow", "guided_segmentation")

for _name in NEEDED:
    if importlib.util.find_spec(_name) is None:
        sys.exit(
            f"error: wanted an environment with {_name}, found none in "
            f"{sys.executable}; run `make install` and `source "
            f".venv/{sys.version_info[0]}.{sys.version_info[1]}/bin/activate`, "
            f"or `pip install -e .`"
        )
