import hashlib
import http.server
import sys
import threading
from unittest import mock

import pytest

from guided_segmentation import user_cache
from guided_segmentation.saliency import u2netp

CONTENT = b"stands in for the model"


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """An empty folder of downloads."""
    monkeypatch.setenv(user_cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server(monkeypatch):
    """A server of this machine that has the file; lists what was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            pass

    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{found.server_port}/u2netp.onnx"
    monkeypatch.setattr(u2netp, "URL", url)
    monkeypatch.setattr(u2netp, "MD5", hashlib.md5(CONTENT).hexdigest())
    yield asked
    found.shutdown()
    found.server_close()


def test_it_is_downloaded_once(server, cache):
    first, second = u2netp.download(), u2netp.download()
    assert first == second == cache / "u2netp.onnx"
    assert first.read_bytes() == CONTENT
    assert server == ["/u2netp.onnx"]


def test_a_damaged_download_is_replaced(server, cache):
    cache.mkdir()
    (cache / "u2netp.onnx").write_bytes(b"half")
    assert u2netp.download().read_bytes() == CONTENT
    assert len(server) == 1


def test_another_file_is_not_taken_for_it(server, cache, monkeypatch):
    monkeypatch.setattr(u2netp, "MD5", 32 * "0")
    with pytest.raises(OSError, match=r"cannot download u2netp \(.*hash"):
        u2netp.download()
    assert server
    assert not list(cache.glob("*"))


def test_offline_the_message_says_what_to_do(monkeypatch, cache):
    closed = "http://127.0.0.1:9/u2netp.onnx"
    monkeypatch.setattr(u2netp, "URL", closed)
    with pytest.raises(
        OSError,
        match=rf"^cannot download u2netp \(.*\); fetch {closed} yourself and "
        rf"give --saliency=onnx:PATH, or put it at {cache}/u2netp\.onnx$",
    ):
        u2netp.download()


def test_without_the_extra_the_message_names_it():
    with (
        mock.patch.dict(sys.modules, {"pooch": None}),
        pytest.raises(
            ValueError,
            match=r"^--saliency=u2netp: wanted the package pooch, found none; "
            r"pip install 'guided_segmentation\[saliency\]'$",
        ),
    ):
        u2netp.download()


def test_what_is_downloaded_is_the_release_of_rembg():
    assert u2netp.URL.startswith("https://github.com/danielgatis/rembg/")
    assert u2netp.URL.endswith("/u2netp.onnx")
