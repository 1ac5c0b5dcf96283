"""Floating-point precision, measured on the machine.

bfloat16 halves the time of a training step where the CPU multiplies it
(AVX512-BF16, AMX). Elsewhere it is emulated: the backward pass of a 3x3x512
convolution then takes 23 times as long as in float32. No list of CPUs tells
which is faster, so a convolution is timed, once a machine.
"""

import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from guided_segmentation import artifacts, provenance, user_cache
from guided_segmentation.errors import InputError

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")  # Keras policies.
AUTO = "auto"

_ON_CPU = ("float32", "mixed_bfloat16")  # float16 has no CPU kernels to gain.
_CACHE = "precision.json"
_GAIN = 0.9  # Another precision than float32 must take less than this.
_CELLS, _CHANNELS = 21, 512  # conv5 of VGG16 at 321 pixels, stride 16.
_BATCH = 4
_REPEATS = 2
_ISA = "ONEDNN_MAX_CPU_ISA"


def fastest(
    timed: Callable[[str], float] | None = None,
    cache: artifacts.Path | None = None,
) -> str:
    """Returns the precision in which this machine trains fastest.

    The first call times a convolution and keeps the result in a file of the
    user, by device, CPU and version of TensorFlow; later calls read it.

    Args:
      timed: Takes a precision; returns the seconds of a forward and backward
        pass. By default `convolution_seconds`.
      cache: The file. By default precision.json of user_cache.

    Returns:
      One of PRECISIONS; float32 unless another is faster by a tenth.
    """
    path = pathlib.Path(cache or user_cache.path(_CACHE))
    machine = key()
    seconds = _read(path).get(machine)
    if seconds is None:
        seconds = measure(timed or convolution_seconds)
        try:
            artifacts.write_json(path, {**_read(path), machine: seconds})
        except OSError as error:  # A home that cannot be written to.
            print(f"precision: not kept, {error}", file=sys.stderr)
    return choice(seconds)


def known(cache: artifacts.Path | None = None) -> dict[str, float]:
    """Returns the seconds by precision of this machine; empty if not timed.

    Args:
      cache: As `fastest` takes it.
    """
    path = pathlib.Path(cache or user_cache.path(_CACHE))
    return dict(_read(path).get(key(), {}))


def resolved(precision: str, folder: artifacts.Path | None = None) -> str:
    """Returns a precision by name, and the best one for "auto".

    A folder that was begun keeps its precision, so that it can be continued
    on another machine.

    Args:
      precision: One of PRECISIONS, or AUTO.
      folder: Where results are recorded in a settings.json, or None.
    """
    if precision != AUTO:
        return precision
    return (recorded(folder) if folder else None) or fastest()


def recorded(folder: artifacts.Path) -> str | None:
    """Returns the precision in a folder's settings.json; None without one.

    Args:
      folder: Of a training run, of maps, or neither.
    """
    path = artifacts.to_path(folder, provenance.SETTINGS_FILE)
    if not path.is_file():
        return None
    settings = artifacts.read_json(path)
    found = settings.get("training", settings).get("precision")
    return found if found in PRECISIONS else None


def measure(timed: Callable[[str], float]) -> dict[str, float]:
    """Times the precisions that the machine may gain from.

    Args:
      timed: As `fastest` takes it.

    Returns:
      Seconds by precision, float32 first; without those for which the machine
      has no convolution.
    """
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    seconds = {}
    for name in PRECISIONS if has_gpu else _ON_CPU:
        try:
            seconds[name] = timed(name)
        except tf.errors.OpError:
            if name == "float32":
                raise
    return seconds


def choice(seconds: Mapping[str, float]) -> str:
    """Returns the fastest precision; float32 if the gain is small.

    Example:
      >>> choice({"float32": 0.145, "mixed_bfloat16": 3.34})
      'float32'
      >>> choice({"float32": 0.145, "mixed_bfloat16": 0.07})
      'mixed_bfloat16'

    Args:
      seconds: By precision, with "float32".
    """
    best = min(seconds, key=lambda name: seconds[name])
    return best if seconds[best] < _GAIN * seconds["float32"] else "float32"


def key() -> str:
    """Returns what the measurement depends on, as text.

    Devices, the CPU's model and instruction sets, the limit that
    ONEDNN_MAX_CPU_ISA sets, and the version of TensorFlow.
    """
    gpus = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return "; ".join(
        [
            *(gpus or [_cpu()]),
            f"{_ISA}={os.environ.get(_ISA, 'all')}",
            f"TensorFlow {tf.__version__}",
        ]
    )


def convolution_seconds(precision: str) -> float:
    """Times a forward and a backward pass of a 3x3x512 convolution.

    Args:
      precision: One of PRECISIONS.

    Returns:
      Seconds of the faster of two passes, after one that is not counted. A
      first pass that takes a second is the only one.
    """
    policy = keras.mixed_precision.global_policy().name
    try:
        keras.mixed_precision.set_global_policy(precision)
        layer = keras.layers.Conv2D(_CHANNELS, 3, padding="same")
    finally:
        keras.mixed_precision.set_global_policy(policy)
    shape = [_BATCH, _CELLS, _CELLS, _CHANNELS]
    features = tf.random.stateless_normal(shape, seed=[0, 0])
    layer(features)

    @tf.function
    @tf.autograph.experimental.do_not_convert
    def step():
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(tf.cast(layer(features), tf.float32))
        gradients = tape.gradient(loss, [features, *layer.trainable_variables])
        return [tf.reduce_sum(gradient) for gradient in gradients]

    first = _seconds(step)
    if first > 1.0 and precision != "float32":
        return first
    return min(_seconds(step) for _ in range(_REPEATS))


def _seconds(step):
    started = time.perf_counter()
    [value.numpy() for value in step()]
    return time.perf_counter() - started


def _read(path: pathlib.Path) -> dict[str, dict[str, float]]:
    """Reads the cache; a damaged one counts as none."""
    try:
        return dict(artifacts.read_json(path))
    except (OSError, ValueError, InputError):
        return {}


def _cpu() -> str:
    """Model of the CPU, and which of the deciding instruction sets it has."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:  # Another system than Linux.
        return platform.processor() or platform.machine()
    fields = dict(
        (name.strip(), value.strip())
        for name, _, value in (
            line.partition(":") for line in text.splitlines()
        )
    )
    wanted = {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}
    found = sorted(wanted & set(fields.get("flags", "").split()))
    return " ".join([fields.get("model name", platform.machine()), *found])
