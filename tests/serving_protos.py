"""TensorFlow Serving's PredictionLog, as far as tests read it.

The fields are those of prediction_log.proto, predict.proto and model.proto, in
a package of another name.
"""

import functools

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

_PACKAGE = "guided_segmentation.tests"
_TENSOR = tensor_pb2.TensorProto.DESCRIPTOR
_MESSAGES = {  # name: {field: (number, type)}
    "PredictionLog": {"predict_log": (6, "PredictLog")},
    "PredictLog": {"request": (1, "PredictRequest")},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "Entry")},
    "ModelSpec": {"name": (1, str), "signature_name": (3, str)},
    "Entry": {"key": (1, str), "value": (2, _TENSOR.full_name)},
}


def predict_request(record: bytes):
    """Returns (model name, signature name, {input name: TensorProto})."""
    request = _prediction_log().FromString(record).predict_log.request
    inputs = {entry.key: entry.value for entry in request.inputs}
    spec = request.model_spec
    return spec.name, spec.signature_name, inputs


@functools.cache
def _prediction_log():
    file = descriptor_pb2.FileDescriptorProto(
        name="prediction_log_of_tests.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[_TENSOR.file.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number)
            added.label = added.LABEL_OPTIONAL
            if kind == "Entry":  # On the wire a map is repeated entries.
                added.label = added.LABEL_REPEATED
            if kind is str:
                added.type = added.TYPE_STRING
            else:
                added.type = added.TYPE_MESSAGE
                inside = kind if "." in kind else f"{_PACKAGE}.{kind}"
                added.type_name = f".{inside}"
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    log = pool.FindMessageTypeByName(f"{_PACKAGE}.PredictionLog")
    return message_factory.GetMessageClass(log)
