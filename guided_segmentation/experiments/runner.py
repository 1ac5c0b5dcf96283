"""Stages of an experiment: calls of binaries, run once however often killed.

`<work_dir>/stages.json` remembers what is done, `<work_dir>/logs` what each
stage said, and `<work_dir>/stale` keeps what a change of settings replaced.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from typing import TextIO

from guided_segmentation import artifacts
from guided_segmentation.experiments import ledger as ledgers
from guided_segmentation.experiments.ledger import WORK_DIR, Ledger, Stage
from guided_segmentation.report.numbers import duration

_SAVE_SECONDS = 5.0  # Between two notes of how long a stage has taken.
_LOOK_SECONDS = 0.2  # Between two looks at a stage at work.
_TAIL_BYTES = 65536  # Of a log, enough for its last words.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    stages: Sequence[Stage],
    work_dir: artifacts.Path,
    bin_dir: artifacts.Path,
    reuse_from: artifacts.Path | None = None,
) -> None:
    """Runs the stages that are not done, with a line on stderr for each.

    A stage is done if it ended well with the same command after the same
    stages. What was made otherwise moves to `<work_dir>/stale` and is made
    anew. A stage that was killed is called again and goes on by itself. A
    second run in the same folder waits for the first, or for the stage that
    it left behind when it was killed.

    Args:
      stages: Each after those that it needs.
      work_dir: Folder of the experiment.
      bin_dir: Folder of the binaries.
      reuse_from: Folder of another experiment. A stage that was done there
        with the same command after the same stages is linked, not run.

    Raises:
      ChildProcessError: If a stage fails.
      InterruptedError: On SIGINT, SIGTERM or SIGHUP, which are passed on to
        the stage at work, once that has ended.
      FileNotFoundError: If `reuse_from` is not the folder of an experiment.
    """
    prints = ledgers.fingerprints(stages)
    width = max(len(stage.name) for stage in stages)
    with _alone(pathlib.Path(work_dir)) as lock:
        ledger = Ledger(work_dir)
        ledgers.retire(stages, prints, ledger)
        if reuse_from is not None:
            ledgers.link(stages, prints, ledger, pathlib.Path(reuse_from))
        for number, stage in enumerate(stages, start=1):
            title = f"[{number:2}/{len(stages)}] {stage.name:{width}}"
            record = ledger.records.get(stage.name, {})
            if ledger.is_done(stage, prints[stage.name]):
                _Line(title).end(_past(record))
                continue
            past = record.get("seconds", 0.0)
            call = _Call(stage, prints[stage.name], ledger, past, _Line(title))
            call.run(pathlib.Path(bin_dir), lock)


def check_flags(
    stages: Sequence[Stage], work_dir: artifacts.Path, bin_dir: artifacts.Path
) -> None:
    """Has binaries check their flags before others work for hours.

    Asked is each binary about its first stage that is not done, but for the
    binary that is next and will tell by itself.

    Args:
      stages: As `run` takes them.
      work_dir: Likewise.
      bin_dir: Likewise; its binaries know absl's --only_check_args.

    Raises:
      ValueError: If one refuses them, with what it says.
    """
    prints, ledger = ledgers.fingerprints(stages), Ledger(work_dir)
    first: dict[str, Stage] = {}
    for stage in stages:
        if not ledger.is_done(stage, prints[stage.name]):
            first.setdefault(stage.command[0], stage)
    waiting = list(first.values())[1:]

    def ask(stage: Stage) -> subprocess.CompletedProcess:
        command = _argv(stage, ledger.work_dir, pathlib.Path(bin_dir))
        return subprocess.run(
            [*command, "--only_check_args"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for stage, answer in zip(waiting, pool.map(ask, waiting), strict=True):
            if answer.returncode:
                raise ValueError(
                    f"stage {stage.name} would fail: "
                    f"{last_error(answer.stdout)}"
                )


def last_error(log: str) -> str:
    """Finds the line of a log that tells best why a stage failed.

    Args:
      log: What the stage said, carriage returns and all.

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


def _argv(
    stage: Stage, work_dir: pathlib.Path, bin_dir: pathlib.Path
) -> list[str]:
    """Fills in the command of a stage."""
    name, *flags = (
        argument.replace(WORK_DIR, str(work_dir)) for argument in stage.command
    )
    return [sys.executable, str(bin_dir / name), *flags]


class _Line:
    """The one line of a stage; on a terminal it changes as the stage works."""

    def __init__(self, title: str):
        self.title = title
        self.live = sys.stderr.isatty()
        self._print("" if self.live else f"{title}  ")

    def show(self, text: str) -> None:
        """Shows how it goes, if a person may be looking."""
        if self.live:
            width = shutil.get_terminal_size().columns
            self._print(f"\r\x1b[K{f'{self.title}  {text}'[: width - 1]}")

    def end(self, text: str) -> None:
        """Writes the final form of the line."""
        start = f"\r\x1b[K{self.title}  " if self.live else ""
        self._print(f"{start}{text}\n")

    @staticmethod
    def _print(text: str) -> None:
        print(text, end="", file=sys.stderr, flush=True)


class _Call:
    """One attempt at a stage that is not done yet."""

    def __init__(
        self,
        stage: Stage,
        fingerprint: str,
        ledger: Ledger,
        past_seconds: float,
        line: _Line,
    ):
        self.stage = stage
        self.fingerprint = fingerprint
        self.ledger = ledger
        self.past_seconds = past_seconds
        self.line = line
        self.started = time.monotonic()
        self.log = ledger.work_dir / "logs" / f"{stage.name}.log"
        self.output = ledger.work_dir / stage.output
        self.received: list[int] = []

    @property
    def seconds(self) -> float:
        """How long the stage has worked, earlier attempts included."""
        return self.past_seconds + time.monotonic() - self.started

    def run(self, bin_dir: pathlib.Path, lock: TextIO) -> None:
        """Calls the binary and waits for its end."""
        command = _argv(self.stage, self.ledger.work_dir, bin_dir)
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
                    return child.wait(_LOOK_SECONDS)
                self.line.show(f"{duration(self.seconds)}  {self._tail()}")
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
                f"stage {self.stage.name} {self._blame(code, begin)}; its log "
                f"is {here}"
            )
        self.line.end(took)

    def _blame(self, code: int, begin: int) -> str:
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        if code == 0:
            return f"ended well without making {self.output}"
        said = self.log.read_bytes()[begin:][-_TAIL_BYTES:]
        reason = last_error(said.decode(errors="replace"))
        return f"failed with exit code {code}: {reason}"

    def _record(self, done: bool) -> None:
        self.ledger.write(
            self.stage.name,
            fingerprint=self.fingerprint,
            command=shlex.join(self.stage.command),
            seconds=round(self.seconds, 3),
            done=done,
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
    """Starts a stage that holds the lock and does not hear ctrl-C.

    A terminal sends ctrl-C to parent and child alike; the child is to hear of
    it once, from its parent, as SIGTERM.
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


@contextlib.contextmanager
def _alone(work_dir: pathlib.Path) -> Iterator[TextIO]:
    """Holds the lock of a folder; the stages inherit it and outlive a kill."""
    work_dir.mkdir(parents=True, exist_ok=True)
    with (work_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"{work_dir} is in use by another run, or by the last stage of "
                f"one that was killed; waiting for its end",
                file=sys.stderr,
            )
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _past(record: dict) -> str:
    took = duration(record["seconds"])
    if "reused_from" in record:
        return f"reused from {record['reused_from']} ({took} there)"
    return f"done before ({took})"
