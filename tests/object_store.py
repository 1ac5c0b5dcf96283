"""An object store on this machine, as S3 is, for tests.

moto's server keeps the objects. fsspec finds it by its configuration, in this
process and in the binaries that tests start.
"""

import contextlib
import http.server
import json
import os
import pathlib
import threading
import urllib.request

import fsspec
from moto.server import ThreadedMotoServer

from guided_segmentation.artifacts import stores

BUCKET = "bucket"


class Store:
    """The server, with one bucket."""

    def __init__(self, endpoint: str):
        """Makes the bucket.

        Args:
          endpoint: URL of the server.
        """
        self.options = _options(endpoint)
        request = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")
        urllib.request.urlopen(request).close()
        self.files = fsspec.filesystem(
            "s3", use_listings_cache=False, **self.options
        )

    def put(self, folder: pathlib.Path, name: str) -> None:
        """Uploads a folder as a folder of that name in the bucket."""
        for path in folder.rglob("*"):
            if path.is_file():
                key = path.relative_to(folder).as_posix()
                self.files.put_file(str(path), f"{BUCKET}/{name}/{key}")

    def content(self, name: str) -> dict[str, bytes]:
        """Returns the files of a folder in the bucket by name below it."""
        root = f"{BUCKET}/{name}/"
        found = self.files.find(root)
        return {
            key.removeprefix(root): self.files.cat_file(key) for key in found
        }


@contextlib.contextmanager
def serving():
    """Runs the server, and configures fsspec to use it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        store = Store(f"http://{host}:{port}")
        with _configured(store.options):
            yield store
    finally:
        server.stop()


def _options(endpoint: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint,
        "key": "somebody",
        "secret": "something",
    }


@contextlib.contextmanager
def _configured(options: dict[str, str]):
    """Gives fsspec its options for S3, here and in binaries."""
    path = pathlib.Path(os.environ["FSSPEC_CONFIG_DIR"], "s3.json")
    path.write_text(json.dumps({"s3": options}))
    fsspec.config.conf["s3"] = options
    stores._file_system.cache_clear()
    try:
        yield
    finally:
        del fsspec.config.conf["s3"]
        path.unlink()
        stores._file_system.cache_clear()


def content(folder: pathlib.Path) -> dict[str, bytes]:
    """Returns the files of a local folder by name, as Store.content does."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


class _Refusing(http.server.BaseHTTPRequestHandler):
    """Answers as S3 does to a key that may not read or write."""

    def do_GET(self):
        body = (
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>"
            b"<Message>Access Denied</Message></Error>"
        )
        self.send_response(403)  # Before the body is sent.
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def refusing():
    """Runs a server that refuses the key of every request."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    port = server.server_address[1]
    try:
        with _configured(_options(f"http://127.0.0.1:{port}")):
            yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
