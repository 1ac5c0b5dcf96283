import atexit
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Before TensorFlow loads.

import keras
import programs
import pytest
import tensorflow as tf
from absl import flags

NUM_CPUS = 2


def pytest_configure():
    folder = tempfile.mkdtemp(prefix="guided_segmentation_decoded_")
    os.environ["GUIDED_SEGMENTATION_CACHE"] = folder  # Not the user's.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["FSSPEC_CONFIG_DIR"] = folder  # Likewise.
    flags.FLAGS.mark_as_parsed()
    tf.get_logger().setLevel("ERROR")
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * NUM_CPUS,
    )


@pytest.fixture(autouse=True)
def _float32():
    """Resets the precision after every test."""
    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.fixture(scope="session")
def two_cpus():
    """A strategy of two replicas."""
    devices = [f"CPU:{index}" for index in range(NUM_CPUS)]
    return tf.distribute.MirroredStrategy(devices)


@pytest.fixture(scope="session")
def launcher():
    """Runs the binaries in forks of one process."""
    found = programs.Launcher()
    yield found
    found.close()


@pytest.fixture(scope="session")
def real_data():
    """The folder of real photographs and weights."""
    folder = os.environ.get("GUIDED_SEGMENTATION_DATA")
    if not folder:
        pytest.skip("set GUIDED_SEGMENTATION_DATA to the folder of real data")
    return pathlib.Path(folder)
