"""TensorFlow Serving's REST API.

It answers in JSON, about ten characters for each number, and always with all
outputs of a signature.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
import threading

import numpy as np
import requests

from guided_segmentation.serving.client import address, signature

_BUSY = 503
_NOT_FOUND = 404


class _ThreadSession(threading.local):
    """A session for each thread: requests.Session is not thread-safe."""

    def __init__(self):
        self.session = requests.Session()


class Client:
    """Requests to one model; each thread keeps a connection of its own.

    A thread's connection stays open between its requests, and is opened again
    if the server has closed it.
    """

    def __init__(self, served: address.ServedModel):
        """Opens no connection yet."""
        version = f"/versions/{served.version}" if served.version else ""
        self._served = served
        self._of_thread = _ThreadSession()
        self._url = f"http://{served.server}/v1/models/{served.model}{version}"

    def signatures(self) -> dict | None:
        """Returns SignatureDefs by name as JSON; None if there is no model."""
        found = self._json("GET", "/metadata")
        if found is None:
            return None
        try:
            return found["metadata"]["signature_def"]["signature_def"]
        except (KeyError, TypeError) as error:
            raise self._served.refusal_error(
                f"metadata of no model: {found}"
            ) from error

    def states(self) -> list[str]:
        """Returns the state of every version that the server knows."""
        found = self._json("GET", "") or {}
        return [each["state"] for each in found.get("model_version_status", [])]

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
        encoded = base64.b64encode(photograph).decode()
        body = {
            "signature_name": signature.NAME,
            "instances": [{signature.INPUT: {"b64": encoded}}],
        }
        found = self._json("POST", ":predict", json.dumps(body).encode())
        try:
            answers = [each[signature.OUTPUT] for each in found["predictions"]]
            return np.array(answers, np.float32)
        except (KeyError, TypeError, ValueError) as error:
            raise self._served.refusal_error(
                "an answer without numbers"
            ) from error

    def _json(self, method, path, body=b""):
        """Returns the server's answer; None if a GET finds no such model."""
        self._served.require_fits(len(body))
        answer = self._served.send_with_retries(
            lambda: self._sent(method, path, body)
        )
        if answer.status_code == _NOT_FOUND and method == "GET":
            return None
        if answer.status_code != requests.codes.ok:
            raise self._served.refusal_error(_reason(answer))
        try:
            return answer.json()
        except ValueError as error:
            raise self._served.refusal_error(
                "an answer that is no JSON"
            ) from error

    def _sent(self, method, path, body):
        served = self._served
        try:
            answer = self._of_thread.session.request(
                method, self._url + path, data=body, timeout=served.timeout_s
            )
        except requests.Timeout as error:
            raise served.timeout_error() from error
        except (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise served.connection_error("nobody listening there") from error
        if answer.status_code == _BUSY:
            raise served.connection_error(f"a busy server ({_reason(answer)})")
        return answer


def _reason(answer):
    """Returns status and message; the message is JSON or any text."""
    try:
        return f"{answer.status_code}: {answer.json()['error']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code}: {answer.text[:200]}"
