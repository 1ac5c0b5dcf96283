"""Saliency maps from a network in an ONNX file, of the family of U2-Net.

Such a network takes one square RGB image, [1, 3, rows, columns], and its first
output is one map, [1, 1, rows, columns] or [1, rows, columns].
"""

import os
import pathlib

import numpy as np
from PIL import Image

from guided_segmentation import artifacts, cores, extras
from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches
from guided_segmentation.saliency.conventions import Convention

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_TOLERANCE = 1e-3  # Of a probability that rounding moved out of [0, 1].


def open_model(
    path: artifacts.Path, convention: Convention, input_size: int | None = None
) -> tuple[batches.Predictor, tuple[int, int]]:
    """Opens a model and tries it on a drawn picture.

    Photographs share a batch if the model's first axis is free and gives the
    drawn picture the same map in a batch.

    Args:
      path: The ONNX file.
      convention: What it takes and gives.
      input_size: Side of the square input in pixels, for a file that accepts
        any; the convention's if None.

    Returns:
      A predictor of [height, width] float32 probabilities in [0, 1], and the
      rows and columns of the network's input. The predictor raises ValueError
      if the output is not a probability.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If onnxruntime is not installed, the file is no such model,
        has a fixed size other than `input_size`, or its output does not fit
        the convention.
    """
    path = pathlib.Path(path)
    session = _session(path)
    size = _input_size(path, session, convention, input_size)
    outputs = _runner(path, session, size)
    drawn = network_input(_drawn_picture(), size, convention)
    alone = outputs(drawn)
    _require_convention(path, alone, convention)

    def finish(found: batches.Arrays, places: tuple[int, int]) -> np.ndarray:
        (probabilities,) = found
        if convention.is_logits:  # The sigmoid.
            probabilities = 0.5 * (1 + np.tanh(0.5 * probabilities))
        _require_probabilities(path, probabilities)
        return resized(np.clip(probabilities, 0, 1), places)

    def frame(image: np.ndarray) -> batches.Frames:
        inputs = network_input(image, size, convention)[0]
        return batches.Frames((inputs,), image.shape[:2])

    takes_batches = _takes_batches(session, outputs, drawn, alone)
    predictor = batches.Predictor(
        frame=frame,
        run=lambda inputs: (outputs(*inputs),),
        finish=finish,
        max_batch_size=None if takes_batches else 1,
    )
    return predictor, size


def network_input(
    image: np.ndarray, size: tuple[int, int], convention: Convention
) -> np.ndarray:
    """Squashes a photograph to the network's size and normalises its colours.

    Args:
      image: [height, width, 3] uint8 RGB.
      size: Rows and columns of the input.
      convention: How colours are normalised.

    Returns:
      [1, 3, rows, columns] float32.
    """
    squashed = Image.fromarray(image).resize(
        size[::-1], Image.Resampling.BILINEAR
    )
    pixels = np.asarray(squashed, np.float32)
    divisor = 255.0
    if convention.divisor == "maximum":
        divisor = max(float(pixels.max()), 1.0)  # 1 for a black photograph.
    pixels = (pixels / divisor - convention.mean) / convention.stddev
    return pixels.transpose(2, 0, 1)[np.newaxis].astype(np.float32)


def resized(saliency_map: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes a map bilinearly, averaging where it shrinks.

    Args:
      saliency_map: [rows, columns] float32.
      size: Height and width to reach.

    Returns:
      [height, width] float32, within the range of `saliency_map`.
    """
    picture = Image.fromarray(saliency_map.astype(np.float32))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR))


def _session(path):
    """Loads the model; results are the same on every run."""
    runtime = extras.imported("onnxruntime", "saliency", "--saliency=onnx:PATH")
    if not path.is_file():
        raise FileNotFoundError(
            f"no ONNX model at {path}; --saliency=onnx:PATH wants a file"
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = cores.count()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # Errors alone.
    try:
        return runtime.InferenceSession(
            os.fspath(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's classes share no other base.
        raise InputError(
            f"{path}: wanted an ONNX model, found something that onnxruntime "
            f"cannot load: {error}"
        ) from error


def _input_size(path, session, convention, wanted):
    """Rows and columns of the input: the file's, or those that are wanted."""
    inputs = session.get_inputs()
    shape = inputs[0].shape if len(inputs) == 1 else None
    if (
        shape is None
        or len(shape) != 4
        or shape[1] != 3
        or inputs[0].type not in _DTYPES
    ):
        found = ", ".join(f"{x.name} {x.shape} {x.type}" for x in inputs)
        raise InputError(
            f"{path}: wanted one input [1, 3, rows, columns] of floats, found "
            f"{found}"
        )
    sides = shape[2:]
    fixed = [side for side in sides if isinstance(side, int)]
    if wanted is not None and any(side != wanted for side in fixed):
        raise InputError(
            f"{path}: its input has {sides[0]} x {sides[1]} pixels, so "
            f"--saliency_input_size={wanted} cannot be; leave the flag out"
        )
    default = wanted or convention.input_size
    rows, columns = (x if isinstance(x, int) else default for x in sides)
    return rows, columns


def _takes_batches(session, outputs, drawn, alone):
    """Whether a batch of two pictures gives each the map it has alone."""
    if isinstance(session.get_inputs()[0].shape[0], int):
        return False
    try:
        both = outputs(np.concatenate([drawn, drawn[..., ::-1]]))
    except InputError:
        return False  # The file fixes the number somewhere inside.
    return np.allclose(both[0], alone[0], atol=_TOLERANCE)


def _runner(path, session, size):
    """The function from inputs to the first output, [batch, rows, columns]."""
    (taken,) = session.get_inputs()
    given = session.get_outputs()[0].name
    dtype = _DTYPES[taken.type]

    def outputs(inputs):
        try:
            (found,) = session.run([given], {taken.name: inputs.astype(dtype)})
        except Exception as error:  # onnxruntime's own classes.
            raise InputError(
                f"{path}: onnxruntime cannot run it on {size[0]} x {size[1]} "
                f"pixels ({error}); set --saliency_input_size to a size that "
                f"its documentation names"
            ) from error
        shape, count = found.shape, len(inputs)
        if found.ndim not in (3, 4) or shape[:-2] not in (
            (count,),
            (count, 1),
        ):
            raise InputError(
                f"{path}: wanted one map as the first output, [1, 1, rows, "
                f"columns], found {given} {list(shape)}"
            )
        return found.reshape(count, *shape[-2:]).astype(np.float32)

    return outputs


def _drawn_picture():
    """A bright square on a dark ground: salient to every network."""
    picture = np.full((96, 96, 3), 40, np.uint8)
    picture[32:64, 32:64] = (240, 180, 20)
    return picture


def _require_convention(path, found, convention):
    if not convention.is_logits:
        _require_probabilities(path, found)
    elif found.min() >= 0 and found.max() <= 1:
        raise InputError(
            f"{path}: wanted logits, found values of {found.min():.3g} to "
            f"{found.max():.3g}, which are probabilities already; give "
            f"--nosaliency_logits"
        )


def _require_probabilities(path, found):
    lowest, highest = float(found.min()), float(found.max())
    if not (lowest >= -_TOLERANCE and highest <= 1 + _TOLERANCE):
        raise InputError(
            f"{path}: wanted probabilities from 0 to 1, found {lowest:.3g} to "
            f"{highest:.3g}; if these are logits, give --saliency_logits"
        )
