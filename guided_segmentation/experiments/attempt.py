"""One attempt at a stage: its process, its log, and signals on the way."""

import contextlib
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Protocol, TextIO

from guided_segmentation.experiments.ledger import WORK_DIR, Ledger, Stage
from guided_segmentation.experiments.terminal import ProgressLine
from guided_segmentation.report.numbers import duration, rounded

_SAVE_SECONDS = 5.0  # Between two records of how long a stage has taken.
_POLL_SECONDS = 0.2  # Between two looks at a running stage.
_TAIL_BYTES = 65536  # Of a log, enough for its last lines.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def arguments(
    stage: Stage, work_dir: pathlib.Path, bin_dir: pathlib.Path
) -> list[str]:
    """Returns the command of a stage with its folders filled in."""
    name, *flags = (
        argument.replace(WORK_DIR, str(work_dir)) for argument in stage.command
    )
    return [sys.executable, str(bin_dir / name), *flags]


def last_error(log: str) -> str:
    """Finds the line of a log that best tells why a stage failed.

    Args:
      log: What the stage printed, with carriage returns.

    Returns:
      The last line that speaks of an error, with the next one if it ends in a
      colon; without such a line, the last one.
    """
    lines = [line.strip() for line in re.split(r"[\r\n]+", log)]
    lines = [line for line in lines if line]
    for index in reversed(range(len(lines))):
        if re.search(r"error\b", lines[index], re.IGNORECASE):
            end = index + 1 + lines[index].endswith(":")
            return " ".join(lines[index:end])
    return lines[-1] if lines else "it said nothing"


class Forecast(Protocol):
    """Tells how long all stages still take."""

    def left(self, stage: str | None, seconds: float, log: str) -> float:
        """Returns how many seconds are left.

        Args:
          stage: That runs now; None between two.
          seconds: How long it has run.
          log: The last line of its log.
        """

    def end(self, stage: str, seconds: float) -> None:
        """Records how long a stage took.

        Args:
          stage: Its name.
          seconds: Earlier attempts included.
        """


class Attempt:
    """One attempt at a stage that is not done yet.

    Attributes:
      stage: The stage.
      fingerprint: Its hash, from `ledger.fingerprints`.
      inputs: Digests of its inputs, from `inputs.digests`.
      ledger: Where it is recorded.
      past_seconds: How long earlier attempts took.
      line: Where its progress is shown.
      forecast: How long all stages still take, or None.
      log: Where the output of its process goes.
      output: What it makes.
      received: Numbers of the signals received so far.
    """

    def __init__(
        self,
        stage: Stage,
        fingerprint: str,
        inputs: dict[str, str],
        ledger: Ledger,
        line: ProgressLine,
        forecast: Forecast | None = None,
    ):
        self.stage = stage
        self.fingerprint = fingerprint
        self.inputs = inputs
        self.ledger = ledger
        self.past_seconds = ledger.records.get(stage.name, {}).get(
            "seconds", 0.0
        )
        self.line = line
        self.forecast = forecast
        self.started = time.monotonic()
        self.log = ledger.work_dir / "logs" / f"{stage.name}.log"
        self.output = ledger.work_dir / stage.output
        self.received: list[int] = []

    @property
    def seconds(self) -> float:
        """How long the stage has run, earlier attempts included."""
        return self.past_seconds + time.monotonic() - self.started

    def run(self, bin_dir: pathlib.Path, lock: TextIO) -> None:
        """Calls the binary and waits for its end.

        Args:
          bin_dir: Folder of the binaries.
          lock: An open file that the process inherits.

        Raises:
          ChildProcessError: If the stage fails.
          InterruptedError: If a signal stopped it.
        """
        command = arguments(self.stage, self.ledger.work_dir, bin_dir)
        if self.output.is_symlink():
            self.output.unlink()  # Nothing is written into another experiment.
        self._record(done=False)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"$ {shlex.join(command)}\n".encode())
            log.flush()
            begin = log.tell()
            with _spawn(command, log, lock) as child, self._listening(child):
                code = self._wait(child)
        self._conclude(code, begin)

    def _wait(self, child: subprocess.Popen) -> int:
        saved = time.monotonic()
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return child.wait(_POLL_SECONDS)
                tail = self._tail()
                left = self._left(self.stage.name, tail)
                self.line.show(f"{duration(self.seconds)}{left}  {tail}")
                if time.monotonic() - saved > _SAVE_SECONDS:
                    self._record(done=False)
                    saved = time.monotonic()
        finally:
            child.terminate()  # Does nothing to one that has ended.

    def _conclude(self, code: int, begin: int) -> None:
        took = duration(self.seconds)
        here = f"{self.log}; the same command goes on from here"
        done = not self.received and code == 0 and self.output.exists()
        self._record(done=done)
        if self.received:
            self.line.end(f"stopped after {took}")
            raise InterruptedError(
                f"{signal.Signals(self.received[0]).name} stopped stage "
                f"{self.stage.name}; its log is {here}"
            )
        if not done:
            self.line.end(f"failed after {took}")
            raise ChildProcessError(
                f"stage {self.stage.name} {self._reason(code, begin)}; its log "
                f"is {here}"
            )
        if self.forecast is not None:
            self.forecast.end(self.stage.name, self.seconds)
        self.line.end(took + self._left())

    def _left(self, stage: str | None = None, tail: str = "") -> str:
        """How long all stages still take, as text after a duration."""
        if self.forecast is None:
            return ""
        left = self.forecast.left(stage, self.seconds, tail)
        return f"; about {rounded(left)} left" if left else ""

    def _reason(self, code: int, begin: int) -> str:
        """Why the stage failed; its part of the log starts at byte `begin`."""
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        if code == 0:
            return f"ended well without making {self.output}"
        said = self.log.read_bytes()[begin:][-_TAIL_BYTES:]
        reason = last_error(said.decode(errors="replace"))
        return f"failed with exit code {code}: {reason}"

    def _record(self, done: bool) -> None:
        before = self.ledger.records.get(self.stage.name, {})
        reopened = {} if done else {"reopened": before.get("reopened", False)}
        self.ledger.write(
            self.stage.name,
            fingerprint=self.fingerprint,
            command=shlex.join(self.stage.command),
            inputs=self.inputs,
            seconds=round(self.seconds, 3),
            done=done,
            **reopened,
        )

    def _tail(self) -> str:
        """Returns the last line of the log, such as a progress bar."""
        with self.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 1000))
            lines = re.split(r"[\r\n]+", log.read().decode(errors="replace"))
        return next((line.strip() for line in lines[::-1] if line.strip()), "")

    @contextlib.contextmanager
    def _listening(self, child: subprocess.Popen) -> Iterator[None]:
        """Passes signals on to the child: the second one kills it."""

        def pass_on(number, frame):
            (child.kill if self.received else child.terminate)()
            self.received.append(number)

        before = {number: signal.signal(number, pass_on) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _spawn(command: list[str], log: TextIO, lock: TextIO) -> subprocess.Popen:
    """Starts a process that inherits the lock and ignores ctrl-C.

    A terminal sends ctrl-C to parent and child alike; the child is to get one
    signal, SIGTERM, from its parent.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    finally:
        signal.signal(signal.SIGINT, before)
