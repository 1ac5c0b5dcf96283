"""Converts servables to files of other runtimes: ONNX and TensorFlow Lite.

A converted servable has the input and outputs of `serving_default`: it takes
uint8 images, subtracts the mean itself, and returns maps of the image's size.
ONNX takes images of any size. TensorFlow Lite plans its memory in advance and
takes one square image at a time, of the network input size.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from guided_segmentation import extras, images
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError

OPSET = 17  # ONNX operator set, supported by runtimes since 2022.
CALIBRATION_IMAGES = 64

# From [batch, height, width, 3] uint8 images to outputs by name.
Predict = Callable[[np.ndarray], dict[str, np.ndarray]]


class Converted(NamedTuple):
    """A servable in the format of another runtime.

    Attributes:
      file: Name of the file.
      content: Content of the file.
      image: Shape and dtype of the input.
      outputs: Shape and dtype of each output, by name.
      notes: Sentences for the model card.
    """

    file: str
    content: bytes
    image: tf.TensorSpec
    outputs: dict[str, tf.TensorSpec]
    notes: tuple[str, ...]


def onnx(module: tf.Module) -> Converted:
    """Converts a servable to ONNX, for images of any size.

    Args:
      module: A servable of a dense network in float32, from a function of
        serving.servables.DENSE.

    Raises:
      ValueError: If tf2onnx is not installed.
    """
    tf2onnx = extras.imported("tf2onnx", "formats", "ONNX")
    function = module.serving_default
    concrete = function.get_concrete_function()
    with _quiet():  # tf2onnx logs every graph that it cannot optimize.
        model, _ = tf2onnx.convert.from_function(
            function, function.input_signature, opset=OPSET
        )
    note = f"ONNX, operator set {OPSET}, float32."
    return _converted("model.onnx", model.SerializeToString(), concrete, note)


def tflite_float16(module: tf.Module, size: int) -> Converted:
    """Converts a servable to TensorFlow Lite with float16 weights.

    Args:
      module: As `onnx`.
      size: Network input size in pixels.
    """
    converter, concrete = _converter(module, size)
    converter.target_spec.supported_types = [tf.float16]
    return _converted(
        "model.tflite",
        _convert(converter),
        concrete,
        "TensorFlow Lite, float16 weights; CPUs compute in float32.",
        _square_note(size),
    )


def tflite_int8(
    module: tf.Module, size: int, squares: Iterable[np.ndarray]
) -> Converted:
    """Converts a servable to TensorFlow Lite with int8 arithmetic.

    Operations without an int8 kernel, the input and the outputs keep their
    dtypes.

    Args:
      module: As `onnx`.
      size: Network input size in pixels.
      squares: [size, size, 3] uint8 RGB images to calibrate the activations'
        ranges with.

    Raises:
      ValueError: If there are no images.
    """
    examples = [square[None] for square in squares]
    if not examples:
        raise InputError(
            "wanted photographs to calibrate int8 with, found none; name a "
            "data set that has some"
        )
    converter, concrete = _converter(module, size)
    converter.representative_dataset = lambda: ([each] for each in examples)
    return _converted(
        "model.tflite",
        _convert(converter),
        concrete,
        "TensorFlow Lite, int8 weights and mostly int8 arithmetic, the rest "
        f"float32; calibrated with {len(examples)} images.",
        _square_note(size),
    )


def convert(
    name: str,
    module: tf.Module,
    size: int,
    squares: Iterable[np.ndarray] = (),
) -> Converted:
    """Converts a servable to a format.

    Args:
      name: Format, a key of RUN.
      module: As `onnx`.
      size: Network input size in pixels.
      squares: As `tflite_int8`, [size, size, 3] uint8 each; other formats do
        not use them.

    Raises:
      ValueError: As the function of the format does.
    """
    if name == "onnx":
        return onnx(module)
    if name == "tflite_float16":
        return tflite_float16(module, size)
    return tflite_int8(module, size, squares)


def squares(
    source: schema.Source,
    size: int,
    framing: str,
    count: int | None = CALIBRATION_IMAGES,
) -> Iterator[np.ndarray]:
    """Yields the first images of a source as TensorFlow Lite takes them.

    Args:
      source: The images.
      size: Network input size in pixels.
      framing: Key of images.FRAMINGS, that of the training. "crop" cuts the
        centre of the image.
      count: Maximum number of images; None takes all.

    Yields:
      [size, size, 3] uint8 RGB.
    """
    for image_id in itertools.islice(source.image_ids, count):
        pixels = images.frame(source.image(image_id), size, framing).pixels
        square = tf.image.resize_with_crop_or_pad(pixels, size, size)
        yield tf.cast(tf.round(square), tf.uint8).numpy()


def run_onnx(content: bytes) -> Predict:
    """Loads an ONNX model.

    Args:
      content: Content of the file.

    Returns:
      A function from [batch, height, width, 3] uint8 images to outputs by
      name.

    Raises:
      ValueError: If onnxruntime is not installed.
    """
    runtime = extras.imported("onnxruntime", "formats", "ONNX")
    session = runtime.InferenceSession(
        content, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def predict(image):
        outputs = session.run(names, {"image": image})
        return dict(zip(names, outputs, strict=True))

    return predict


def run_tflite(content: bytes) -> Predict:
    """Loads a TensorFlow Lite model.

    Args:
      content: Content of the file.

    Returns:
      A function from [1, size, size, 3] uint8 images to outputs by name.
    """
    interpreter = _interpreter()(model_content=content)
    runner = interpreter.get_signature_runner("serving_default")
    return lambda image: runner(image=image)


RUN = {
    "onnx": run_onnx,
    "tflite_float16": run_tflite,
    "tflite_int8": run_tflite,
}


def _converted(file, content, concrete, *notes):
    image = concrete.structured_input_signature[0][0]
    outputs = {
        name: tf.TensorSpec(tensor.shape, tensor.dtype)
        for name, tensor in concrete.structured_outputs.items()
    }
    return Converted(file, content, image, outputs, notes)


def _converter(module, size):
    """Returns a converter for one square image, and its concrete function."""

    @tf.function(
        input_signature=[tf.TensorSpec([1, size, size, 3], tf.uint8, "image")]
    )
    @tf.autograph.experimental.do_not_convert
    def serving_default(image):
        return module.serving_default.python_function(image)

    concrete = serving_default.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [concrete], module
    )
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter, concrete


def _convert(converter):
    with _quiet():
        return converter.convert()


def _square_note(size):
    return (
        f"Takes one image of {size} x {size} pixels, prepared according to the "
        f"framing: whole and tight resize the longer side (bilinear), centre "
        f"the image and pad it by reflection without repeating the edge; crop "
        f"cuts a square at the original scale. The maps have the square's size."
    )


def _interpreter():
    """Returns the class of TensorFlow Lite's interpreter.

    It has moved from TensorFlow to the package ai-edge-litert.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        return tf.lite.Interpreter
    return importlib.import_module("ai_edge_litert.interpreter").Interpreter


@contextlib.contextmanager
def _quiet():
    """Disables logging."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
