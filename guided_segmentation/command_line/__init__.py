"""Flags of more than one binary, and how a binary runs and fails.

Only binaries import this package.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Before TensorFlow loads.
