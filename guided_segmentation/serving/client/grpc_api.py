"""TensorFlow Serving's gRPC API.

It sends tensors as bytes, and of a signature's outputs only those requested.

Source: prediction_service.proto and model_service.proto of TensorFlow Serving.
"""

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from guided_segmentation.serving.client import address, signature

_FIELD = "signature_def"  # The only metadata that the API has.
_UNLIMITED = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


class Client:
    """Requests to one model over one channel, which threads may share."""

    def __init__(self, served: address.ServedModel):
        """Opens no connection yet."""
        self._served = served
        channel = grpc.insecure_channel(served.server, options=_UNLIMITED)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(
            channel
        )

    def signatures(self) -> dict | None:
        """Returns SignatureDefs by name as JSON; None if there is no model."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=self._spec(), metadata_field=[_FIELD]
        )
        found = self._answer(self._predictions.GetModelMetadata, request)
        if found is None:
            return None
        definitions = get_model_metadata_pb2.SignatureDefMap()
        found.metadata[_FIELD].Unpack(definitions)
        return json_format.MessageToDict(
            definitions, preserving_proto_field_name=True
        )["signature_def"]

    def states(self) -> list[str]:
        """Returns the state of every version that the server knows."""
        request = get_model_status_pb2.GetModelStatusRequest(
            model_spec=self._spec()
        )
        found = self._answer(self._models.GetModelStatus, request)
        if found is None:
            return []
        name = get_model_status_pb2.ModelVersionStatus.State.Name
        return [name(each.state) for each in found.model_version_status]

    def probabilities(self, photograph: bytes) -> np.ndarray:
        """Segments one photograph.

        Args:
          photograph: Content of a PNG or JPEG file.

        Returns:
          [1, height, width, num_classes] float32 probabilities.

        Raises:
          ConnectionError: If the server is unreachable or busy.
          TimeoutError: If it does not answer in time.
          ValueError: If the request is too long or refused, or the answer has
            no probabilities.
        """
        request = predict_pb2.PredictRequest(
            model_spec=self._spec(signature_name=signature.NAME),
            inputs={signature.INPUT: tf.make_tensor_proto([photograph])},
            output_filter=[signature.OUTPUT],
        )
        found = self._answer(self._predictions.Predict, request)
        if found is None or signature.OUTPUT not in found.outputs:
            raise self._served.refusal_error("an answer without numbers")
        return tf.make_ndarray(found.outputs[signature.OUTPUT])

    def _spec(self, **given):
        """Returns the ModelSpec of the model and its version."""
        spec = model_pb2.ModelSpec(name=self._served.model, **given)
        if self._served.version:
            spec.version.value = self._served.version
        return spec

    def _answer(self, method, request):
        """Returns the server's answer; None if there is no such model."""
        self._served.require_fits(request.ByteSize())
        return self._served.send_with_retries(
            lambda: self._sent(method, request)
        )

    def _sent(self, method, request):
        try:
            return method(request, timeout=self._served.timeout_s)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return None
            raise self._explained(error) from error

    def _explained(self, error):
        """Translates an error of gRPC into one that says what to do."""
        code = error.code()
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._served.timeout_error()
        if code == grpc.StatusCode.UNAVAILABLE:
            return self._served.connection_error(
                "nobody listening, or a busy server"
            )
        return self._served.refusal_error(f"{code.name}: {error.details()}")
