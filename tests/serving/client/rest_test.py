import base64
import contextlib
import threading
from concurrent import futures

import loopback_server
import numpy as np
import pytest
import requests
import tensorflow as tf
from served_models import photograph, served

from guided_segmentation import artifacts
from guided_segmentation.serving import client
from guided_segmentation.serving.client import rest


class Zeros:
    """A model whose probabilities are all 0."""

    def states(self, name, version):
        return {"1": "AVAILABLE"}

    def predict(self, name, version, signature, inputs):
        return {"probabilities": tf.zeros([1, 2, 3, 4])}


@contextlib.contextmanager
def serving(**options):
    """Runs a server in this process, and yields it and a client."""
    with loopback_server.RestServer(Zeros(), **options) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ports = {"rest": server.server_address[1]}
        yield server, rest.Client(served(ports, "rest"))
        server.shutdown()


def test_all_requests_of_a_thread_take_one_connection():
    with serving() as (server, asked):
        for _ in range(5):
            assert asked.probabilities(b"any").shape == (1, 2, 3, 4)
            assert asked.states() == ["AVAILABLE"]
        assert server.connections == 1


def test_every_thread_has_a_connection_of_its_own():
    start = threading.Barrier(3)

    def ask(asked):
        start.wait()  # No thread of the pool takes two of the calls.
        return [asked.probabilities(b"any") for _ in range(4)]

    with serving() as (server, asked):
        with futures.ThreadPoolExecutor(3) as pool:
            answers = list(pool.map(ask, [asked] * 3))
        assert server.connections == 3
    assert np.shape(answers) == (3, 4, 1, 2, 3, 4)


def test_a_connection_that_the_server_closes_is_opened_again():
    with serving(protocol="HTTP/1.0") as (server, asked):
        for _ in range(3):
            asked.probabilities(b"any")
        assert server.connections == 3


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"<html>", r"found 'an answer that is no JSON'"),
        (b"[]", r"found 'metadata of no model"),
    ],
)
def test_an_answer_of_another_server_is_refused(monkeypatch, content, line):
    answer = requests.Response()
    answer.status_code, answer._content = 200, content
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: answer)
    with pytest.raises(ValueError, match=line):
        client.connect(served({"rest": 1}, "rest"), 4)


def test_a_refusal_that_is_no_json_is_quoted(monkeypatch):
    answer = requests.Response()
    answer.status_code, answer._content = 403, b"<html>\nkeep out"
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: answer)
    with pytest.raises(ValueError, match=r"found '403: <html> keep out'; see"):
        client.connect(served({"rest": 1}, "rest"), 4)


@pytest.fixture(scope="module")
def both_forms(ports):
    """One photograph asked in rows and in columns."""
    content = artifacts.encode_image(photograph(7, 6)[0])
    encoded = {"b64": base64.b64encode(content).decode()}
    url = f"http://127.0.0.1:{ports['rest']}/v1/models/thin:predict"
    bodies = {
        "predictions": {"instances": [{"image_bytes": encoded}]},
        "outputs": {"inputs": {"image_bytes": [encoded]}},
    }
    return {
        key: requests.post(
            url, json={"signature_name": "serve_encoded", **body}, timeout=60
        ).json()[key]
        for key, body in bodies.items()
    }


def test_rows_and_columns_are_the_same_answer(both_forms):
    (row,), columns = both_forms["predictions"], both_forms["outputs"]
    assert {key: [value] for key, value in row.items()} == columns
