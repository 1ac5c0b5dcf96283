"""Trains a tiny network on several workers of this machine.

The workers are forks of one process, which imports TensorFlow once.
"""

import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys

import programs

_RUNS = pathlib.Path(__file__).with_name("worker_runs.py")


@dataclasses.dataclass(frozen=True)
class Ended:
    """What a process left: exit code, text on stderr, seconds it ran."""

    code: int
    text: str
    seconds: float

    @property
    def last_line(self):
        return self.text.strip().splitlines()[-1]


class Runner:
    """Runs trainings, each process a fork."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, _RUNS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(
                    [str(programs.ROOT), os.environ.get("PYTHONPATH", "")]
                ),
            },
        )

    def run(self, kind, folder, names=("plain",), signals=None):
        """Runs trainings as worker_runs._train does.

        Args:
          kind: Of strategy; "multi_worker" starts two workers.
          folder: For the results.
          names: Of worker_runs.RUNS.
          signals: What worker 1 sends itself, by the step after which it does.

        Returns:
          How each process ended.
        """
        count = 2 if kind == "multi_worker" else 1
        names_of_hosts = addresses(count)
        requests = [
            {
                "kind": kind,
                "folder": str(folder),
                "names": names,
                "addresses": names_of_hosts,
                "index": index,
                "signals": (signals or {}) if index else {},
            }
            for index in range(count)
        ]
        print(json.dumps(requests), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return [Ended(*each) for each in answer]

    def close(self):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def addresses(count):
    """Addresses of free ports of this machine."""
    trials = [socket.socket() for _ in range(count)]
    for trial in trials:
        trial.bind(("localhost", 0))
    found = [f"localhost:{trial.getsockname()[1]}" for trial in trials]
    for trial in trials:
        trial.close()
    return found
