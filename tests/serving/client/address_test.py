from unittest import mock

import pytest
from served_models import served

from guided_segmentation.serving.client import address


def model(**rules):
    return served({"rest": 1}, "rest", **rules)


def test_the_pause_before_a_request_doubles_up_to_a_limit(monkeypatch):
    pauses = []
    monkeypatch.setattr(address.time, "sleep", pauses.append)
    with pytest.raises(ConnectionError):
        model(retries=6).send_with_retries(
            mock.Mock(side_effect=ConnectionError)
        )
    assert pauses == [0.5, 1, 2, 4, 8, 10]


def test_a_refused_request_is_not_repeated():
    request = mock.Mock(side_effect=ValueError("no image"))
    with pytest.raises(ValueError, match="no image"):
        model(retries=6).send_with_retries(request)
    assert request.call_count == 1


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError])
def test_a_retry_may_succeed(monkeypatch, error):
    monkeypatch.setattr(address, "FIRST_PAUSE_S", 0.0)
    request = mock.Mock(side_effect=[error, error, "answer"])
    assert model(retries=2).send_with_retries(request) == "answer"


def test_a_request_that_is_too_long_is_refused_before_it_is_sent():
    model(max_bytes=10).require_fits(10)
    with pytest.raises(
        ValueError,
        match=r"^wanted a request of at most 10 bytes, found 11; raise "
        r"--server_max_bytes if the server accepts it, or shrink",
    ):
        model(max_bytes=10).require_fits(11)


def test_errors_name_the_model_the_cause_and_a_remedy():
    named = "model 'thin', version 7 at 127.0.0.1:1 (rest): wanted "
    asked = model(version=7, timeout_s=2.5)
    assert str(asked.connection_error("a busy server")) == (
        f"{named}a server that answers, found a busy server; start TensorFlow "
        f"Serving, or give its rest port as --server"
    )
    assert str(asked.timeout_error()) == (
        f"{named}an answer within 2.5 s, found none; raise --server_timeout"
    )
    assert str(asked.refusal_error("two\n lines")) == (
        f"{named}an answer, found 'two lines'; see the server's log"
    )
