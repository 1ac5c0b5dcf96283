"""Warm-up requests, which TF Serving replays when it loads a model.

Without them the first request is slow. The file is a TFRecord of
tensorflow.serving.PredictionLog messages. The package that defines these is an
optional dependency and only a few fields are needed, so the protocol-buffer
encoding is written out here.

Source of the field numbers: prediction_log.proto, predict.proto and model.proto
of TensorFlow Serving.
"""

from __future__ import annotations

import pathlib

import numpy as np
import tensorflow as tf

from guided_segmentation.serving import servables

FILE = "tf_serving_warmup_requests"  # In assets.extra.

_LOG_PREDICT, _PREDICT_REQUEST = 6, 1
_REQUEST_MODEL, _REQUEST_INPUTS = 1, 2
_MODEL_NAME, _MODEL_SIGNATURE = 1, 3
_MAP_KEY, _MAP_VALUE = 1, 2


def write(
    folder: pathlib.Path, module: tf.Module, name: str, size: int
) -> None:
    """Writes one request for each signature of a servable.

    Args:
      folder: The assets.extra folder of a SavedModel.
      module: A servable, from a function of serving.servables.
      name: Name of the model in TF Serving.
      size: Height and width of the black image in the requests, in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / FILE)) as writer:
        for signature in servables.SIGNATURES:
            function = getattr(module, signature).get_concrete_function()
            specs = function.structured_input_signature[0]
            inputs = {
                spec.name: _sample(spec, size).SerializeToString()
                for spec in specs
            }
            writer.write(request(name, signature, inputs))


def request(name: str, signature: str, inputs: dict[str, bytes]) -> bytes:
    """Returns the serialized PredictionLog of one request.

    Args:
      name: Name of the model.
      signature: Name of the signature.
      inputs: Serialized TensorProtos by input name.
    """
    model = _text(_MODEL_NAME, name) + _text(_MODEL_SIGNATURE, signature)
    content = _field(_REQUEST_MODEL, model)
    for key, tensor in inputs.items():
        entry = _text(_MAP_KEY, key) + _field(_MAP_VALUE, tensor)
        content += _field(_REQUEST_INPUTS, entry)
    return _field(_LOG_PREDICT, _field(_PREDICT_REQUEST, content))


def _sample(spec, size):
    """Returns a batch of one for an input; only the first object is present."""
    if spec.name == "image":
        return tf.make_tensor_proto(0, tf.uint8, [1, size, size, 3])
    if spec.name == "image_bytes":
        black = tf.zeros([size, size, 3], tf.uint8)
        return tf.make_tensor_proto([tf.io.encode_jpeg(black).numpy()])
    return tf.make_tensor_proto(np.arange(spec.shape[1])[None] == 0)


def _text(number, value):
    """Encodes a field that holds a string."""
    return _field(number, value.encode())


def _field(number, content):
    """Encodes a length-delimited field of a protocol buffer."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value):
    """Encodes an integer in base 128, least significant digit first."""
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])
