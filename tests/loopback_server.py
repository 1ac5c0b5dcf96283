"""Serves SavedModels on this machine as TensorFlow Serving does, for tests.

Run as a program with a folder of models, it prints the ports of both APIs as a
line of JSON, and exits when its standard input closes. A prefix of a model's
name, as in busy-NAME, simulates a fault: see FAULTS.
"""

import base64
import collections
import http.server
import json
import pathlib
import re
import sys
import threading
import time
from concurrent import futures

import grpc
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

FAULTS = (
    "busy",  # Refuses two of three requests.
    "hanging",  # Answers after HANG_S.
    "loading",  # Has no version that is available yet.
    "silent",  # Leaves the requested output out of its answers.
)
HANG_S = 3.0
_URL = re.compile(
    r"/v1/models/([\w-]+)(?:/versions/(\d+))?(/metadata|:predict)?"
)
_CODES = {404: grpc.StatusCode.NOT_FOUND, 503: grpc.StatusCode.UNAVAILABLE}
_CODES[400] = grpc.StatusCode.INVALID_ARGUMENT


class RefusalError(Exception):
    """A refused request: an HTTP code and a message."""


class Models:
    """The models of a folder, each loaded at its first request."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.loaded = {}
        self.asked = collections.Counter()
        self.lock = threading.Lock()

    def find(self, name, version):
        """Returns (fault, folder of the version)."""
        fault, _, rest = name.partition("-")
        if fault not in FAULTS:
            fault, rest = "", name
        versions = sorted((self.folder / rest).glob("[0-9]*"))
        found = [v for v in versions if version in (None, v.name)]
        if not rest or not found:
            raise RefusalError(
                404, f"Could not find any versions of model {name}"
            )
        return fault, found[-1]

    def states(self, name, version):
        fault, path = self.find(name, version)
        return {path.name: "LOADING" if fault == "loading" else "AVAILABLE"}

    def definitions(self, name, version):
        fault, path = self.find(name, version)
        if fault == "loading":
            raise RefusalError(404, "Servable not found for request")
        saved = saved_model_pb2.SavedModel()
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
        found = get_model_metadata_pb2.SignatureDefMap()
        for key, value in saved.meta_graphs[0].signature_def.items():
            found.signature_def[key].CopyFrom(value)
        return found

    def predict(self, name, version, signature, inputs):
        fault, path = self.find(name, version)
        if fault == "hanging":
            time.sleep(HANG_S)
        with self.lock:
            self.asked[name] += 1
            if fault == "busy" and self.asked[name] % 3:
                raise RefusalError(503, "the queue is full")
            if path not in self.loaded:
                self.loaded[path] = tf.saved_model.load(str(path))
        try:
            answer = self.loaded[path].signatures[signature](**inputs)
        except (KeyError, TypeError, tf.errors.OpError) as error:
            raise RefusalError(400, str(error)) from error
        return (
            {"label_map": answer["label_map"]} if fault == "silent" else answer
        )


class RestServer(http.server.ThreadingHTTPServer):
    """A server of the REST API that counts the connections it accepts."""

    def __init__(self, models, protocol="HTTP/1.1"):
        super().__init__(("127.0.0.1", 0), _handler(models, protocol))
        self.connections = 0

    def get_request(self):
        self.connections += 1
        return super().get_request()


def _handler(models, protocol):
    """Returns the class that answers requests; HTTP/1.0 closes after each."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = protocol
        disable_nagle_algorithm = True  # Headers and body are sent apart.

        def do_GET(self):
            name, version, what = self._asked()
            self._answer(
                lambda: (
                    _metadata(models, name, version)
                    if what
                    else _status(models, name, version)
                )
            )

        def do_POST(self):
            name, version, _ = self._asked()
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            self._answer(lambda: _predictions(models, name, version, body))

        def log_message(self, *_):
            pass

        def _asked(self):
            return _URL.fullmatch(self.path).groups()

        def _answer(self, make):
            try:
                code, content = 200, make()
            except RefusalError as refusal:
                code, message = refusal.args
                content = {"error": message}
            body = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _metadata(models, name, version):
    definitions = json_format.MessageToDict(
        models.definitions(name, version), preserving_proto_field_name=True
    )
    return {"metadata": {"signature_def": definitions}}


def _status(models, name, version):
    states = models.states(name, version)
    status = [{"version": v, "state": s} for v, s in states.items()]
    return {"model_version_status": status}


def _predictions(models, name, version, body):
    """Answers "instances" with rows, and "inputs" with columns."""
    rows = "instances" in body
    columns = _columns(body["instances"]) if rows else body["inputs"]
    inputs = {k: tf.constant(_plain(v)) for k, v in columns.items()}
    answer = models.predict(name, version, body["signature_name"], inputs)
    outputs = {k: v.numpy().tolist() for k, v in answer.items()}
    if not rows:
        return {"outputs": outputs}
    return {
        "predictions": [
            dict(zip(outputs, row, strict=True))
            for row in zip(*outputs.values(), strict=True)
        ]
    }


def _columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def _plain(value):
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return base64.b64decode(value["b64"]) if isinstance(value, dict) else value


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata of the gRPC API."""

    def __init__(self, models):
        self.models = models

    def Predict(self, request, context):  # noqa: N802 - The protocol's name.
        spec = request.model_spec
        inputs = {k: tf.make_ndarray(v) for k, v in request.inputs.items()}
        answer = _or_abort(
            context,
            lambda: self.models.predict(
                *_name(spec),
                spec.signature_name,
                {k: tf.constant(v) for k, v in inputs.items()},
            ),
        )
        wanted = set(request.output_filter or answer) & set(answer)
        outputs = {k: tf.make_tensor_proto(answer[k]) for k in wanted}
        return predict_pb2.PredictResponse(outputs=outputs)

    def GetModelMetadata(self, request, context):  # noqa: N802
        found = _or_abort(
            context, lambda: self.models.definitions(*_name(request.model_spec))
        )
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(found)
        return response


class States(model_service_pb2_grpc.ModelServiceServicer):
    """GetModelStatus of the gRPC API."""

    def __init__(self, models):
        self.models = models

    def GetModelStatus(self, request, context):  # noqa: N802
        states = _or_abort(
            context, lambda: self.models.states(*_name(request.model_spec))
        )
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state in states.items():
            response.model_version_status.add(version=int(version), state=state)
        return response


def _name(spec):
    version = spec.version.value if spec.HasField("version") else None
    return spec.name, None if version is None else str(version)


def _or_abort(context, make):
    try:
        return make()
    except RefusalError as refusal:
        code, message = refusal.args
        context.abort(_CODES[code], message)


def main(folder):
    """Serves until standard input closes."""
    models = Models(folder)
    over_http = RestServer(models)
    threading.Thread(target=over_http.serve_forever, daemon=True).start()
    over_grpc = grpc.server(futures.ThreadPoolExecutor(4))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Predictions(models), over_grpc
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        States(models), over_grpc
    )
    ports = {
        "rest": over_http.server_address[1],
        "grpc": over_grpc.add_insecure_port("127.0.0.1:0"),
    }
    over_grpc.start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()
    over_grpc.stop(None)
    over_http.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
