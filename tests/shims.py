"""Programs for a PATH, named like the binaries, which a Launcher runs.

A notebook calls binaries from a shell; each would import TensorFlow anew.
"""

import contextlib
import json
import pathlib
import socketserver
import sys
import threading
from collections.abc import Iterator

import programs

_SHIM = """#!{python} -ES
import json, os, socket, sys
asked = json.dumps([os.path.basename(sys.argv[0]), sys.argv[1:], os.getcwd()])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    with server.makefile("rw") as lines:
        print(asked, file=lines, flush=True)
        code, out, err = json.loads(lines.readline())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


@contextlib.contextmanager
def folder_of(
    launcher: programs.Launcher, folder: pathlib.Path
) -> Iterator[pathlib.Path]:
    """Writes a program for every binary; they work until the context ends.

    Args:
      launcher: Runs the binaries, all in its own folder.
      folder: A new one to write to; its path is short, as sockets want.

    Yields:
      The folder.
    """
    address = folder / "socket"
    text = _SHIM.format(python=sys.executable, address=str(address))
    for name in programs.NAMES:
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)

    class Answer(socketserver.StreamRequestHandler):
        def handle(self):
            name, arguments, cwd = json.loads(self.rfile.readline())
            assert pathlib.Path(cwd).samefile(launcher.cwd)
            done = launcher.run(name, *arguments)
            answer = [done.returncode, done.stdout, done.stderr]
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.UnixStreamServer(str(address), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield folder
        finally:
            server.shutdown()
            thread.join()
