"""Flags that several binaries share, and how a binary starts and ends.

Only binaries import this package.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Before TensorFlow loads.
