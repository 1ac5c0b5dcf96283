"""Servables for other runtimes: a file of ONNX or TensorFlow Lite.

What they answer is what `serving_default` of the SavedModel does, from uint8
photographs on; the mean is subtracted and the logits are read at every pixel
inside. ONNX takes photographs of any size. TensorFlow Lite plans its memory
ahead and takes one square at a time, of the network's input size.
"""

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

OPSET = 17  # Of ONNX: what runtimes from 2022 on read.
CALIBRATION_IMAGES = 64

# From images to answers by name.
Ask = Callable[[np.ndarray], dict[str, np.ndarray]]


class Converted(NamedTuple):
    """A servable in the format of another runtime.

    Attributes:
      file: Its name.
      content: Of the file.
      image: What it takes.
      answers: By name, the shape and dtype of each.
      notes: Sentences for the card.
    """

    file: str
    content: bytes
    image: tf.TensorSpec
    answers: dict[str, tf.TensorSpec]
    notes: tuple[str, ...]


def onnx(module: tf.Module) -> Converted:
    """Converts to ONNX, for photographs of any size.

    Args:
      module: A function of guided_segmentation.servables returns it for a
        dense network whose arithmetic is float32.

    Raises:
      ValueError: If tf2onnx is not installed.
    """
    tf2onnx = extras.imported("tf2onnx", "formats", "ONNX")
    function = module.serving_default
    concrete = function.get_concrete_function()
    with _quiet():  # It logs at length what it leaves unoptimised.
        model, _ = tf2onnx.convert.from_function(
            function, function.input_signature, opset=OPSET
        )
    note = f"ONNX, operator set {OPSET}, float32."
    return _converted("model.onnx", model.SerializeToString(), concrete, note)


def tflite_float16(module: tf.Module, size: int) -> Converted:
    """Converts to TensorFlow Lite with weights of half the bytes.

    Args:
      module: As `onnx`.
      size: Input size of the network in pixels.
    """
    converter, concrete = _converter(module, size)
    converter.target_spec.supported_types = [tf.float16]
    return _converted(
        "model.tflite",
        _convert(converter),
        concrete,
        "TensorFlow Lite, weights float16; arithmetic is float32 on a CPU.",
        _square_note(size),
    )


def tflite_int8(
    module: tf.Module, size: int, squares: Iterable[np.ndarray]
) -> Converted:
    """Converts to TensorFlow Lite with integer arithmetic where it can be.

    What has no integer kernel stays float32, and so do input and answers.

    Args:
      module: As `onnx`.
      size: Input size of the network in pixels.
      squares: [size, size, 3] uint8 photographs, from which the ranges of the
        activations are learnt.

    Raises:
      ValueError: If there is no square.
    """
    examples = [square[None] for square in squares]
    if not examples:
        raise ValueError(
            "wanted photographs to learn the ranges of int8 from, found none; "
            "name a data set that has some"
        )
    converter, concrete = _converter(module, size)
    converter.representative_dataset = lambda: ([each] for each in examples)
    return _converted(
        "model.tflite",
        _convert(converter),
        concrete,
        "TensorFlow Lite, weights and most arithmetic int8, the rest float32; "
        f"ranges learnt from {len(examples)} photographs.",
        _square_note(size),
    )


def convert(
    name: str,
    module: tf.Module,
    size: int,
    squares: Iterable[np.ndarray] = (),
) -> Converted:
    """Converts to the format of that name, a key of RUN.

    Args:
      name: Of the format.
      module: As `onnx`.
      size: Input size of the network in pixels.
      squares: As `tflite_int8`, which alone looks at them.
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
    """Yields the first photographs as TensorFlow Lite takes them.

    Args:
      source: Photographs.
      size: Input size of the network in pixels.
      framing: Key of images.FRAMINGS, as in its training. With "crop" the
        middle of the photograph is cut.
      count: Photographs at most; None takes all.

    Yields:
      [size, size, 3] uint8 RGB.
    """
    for image_id in itertools.islice(source.image_ids, count):
        pixels = images.frame(source.image(image_id), size, framing).pixels
        middle = tf.image.resize_with_crop_or_pad(pixels, size, size)
        yield tf.cast(tf.round(middle), tf.uint8).numpy()


def run_onnx(content: bytes) -> Ask:
    """Returns what asks an ONNX file: images in, answers by name out.

    Raises:
      ValueError: If onnxruntime is not installed.
    """
    runtime = extras.imported("onnxruntime", "formats", "ONNX")
    session = runtime.InferenceSession(
        content, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def ask(image):
        answers = session.run(names, {"image": image})
        return dict(zip(names, answers, strict=True))

    return ask


def run_tflite(content: bytes) -> Ask:
    """Returns what asks a TensorFlow Lite file: a square in, answers out."""
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
    answers = {
        name: tf.TensorSpec(tensor.shape, tensor.dtype)
        for name, tensor in concrete.structured_outputs.items()
    }
    return Converted(file, content, image, answers, notes)


def _converter(module, size):
    """What converts the servable for one square, and the square's function."""

    @tf.function(
        input_signature=[tf.TensorSpec([1, size, size, 3], tf.uint8, "image")]
    )
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
        f"Takes one photograph of {size} x {size} pixels, fitted to it as the "
        f"framing says: whole and tight resize the longer side (bilinear) and "
        f"fill the rest around the centre by reflection that does not repeat "
        f"the edge; crop keeps the scale and cuts. The maps are the square's."
    )


def _interpreter():
    """TensorFlow Lite's interpreter, which moved out of TensorFlow."""
    if importlib.util.find_spec("ai_edge_litert") is None:
        return tf.lite.Interpreter
    return importlib.import_module("ai_edge_litert.interpreter").Interpreter


@contextlib.contextmanager
def _quiet():
    """Keeps converters from logging."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
