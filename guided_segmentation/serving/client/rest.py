"""TensorFlow Serving's REST API.

It answers in JSON with all outputs of a signature: about ten characters a
number, and no way to ask for some of them only.

Source: https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json

import numpy as np
import requests

from guided_segmentation.serving.client import address, signature

_BUSY = 503
_NOT_FOUND = 404


class Client:
    """Asks one model; its functions may be called from several threads."""

    def __init__(self, served: address.ServedModel):
        """Connects to nothing yet."""
        version = f"/versions/{served.version}" if served.version else ""
        self._served = served
        self._url = f"http://{served.server}/v1/models/{served.model}{version}"

    def signatures(self) -> dict | None:
        """Returns the SignatureDefs by name as JSON, None without a model."""
        found = self._json("GET", "/metadata")
        if found is None:
            return None
        try:
            return found["metadata"]["signature_def"]["signature_def"]
        except (KeyError, TypeError) as error:
            raise self._served.refused(
                f"metadata of no model: {found}"
            ) from error

    def states(self) -> list[str]:
        """Returns the states of the versions that the server knows."""
        found = self._json("GET", "") or {}
        return [each["state"] for each in found.get("model_version_status", [])]

    def probabilities(self, photograph: bytes) -> np.ndarray:
        """Segments one photograph.

        Args:
          photograph: A PNG or JPEG.

        Returns:
          [1, height, width, num_classes] float32.

        Raises:
          ConnectionError: If the server is away or busy.
          TimeoutError: If it does not answer in time.
          ValueError: If the request is too long, or refused.
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
            raise self._served.refused("an answer without numbers") from error

    def _json(self, method, path, body=b""):
        """What the server says, None if it knows nothing of the kind."""
        self._served.require_fits(len(body))
        answer = self._served.ask(lambda: self._sent(method, path, body))
        if answer.status_code == _NOT_FOUND and method == "GET":
            return None
        if answer.status_code != requests.codes.ok:
            raise self._served.refused(_reason(answer))
        try:
            return answer.json()
        except ValueError as error:
            raise self._served.refused("an answer that is no JSON") from error

    def _sent(self, method, path, body):
        served = self._served
        try:
            answer = requests.request(
                method, self._url + path, data=body, timeout=served.timeout_s
            )
        except requests.Timeout as error:
            raise served.late() from error
        except (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise served.unreachable("nobody listening there") from error
        if answer.status_code == _BUSY:
            raise served.unreachable(f"a busy one ({_reason(answer)})")
        return answer


def _reason(answer):
    """The server's own words, from the JSON of its errors if it is that."""
    try:
        return f"{answer.status_code}: {answer.json()['error']}"
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code}: {answer.text[:200]}"
