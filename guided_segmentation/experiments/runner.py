"""Runs the stages of an experiment in order, once however often it is killed.

`<work_dir>/stages.json` records what is done, `<work_dir>/logs` has the output
of each stage, and `<work_dir>/stale` keeps what a change of settings replaced.
"""

import contextlib
import fcntl
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import TextIO

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError
from guided_segmentation.experiments import attempt, inputs
from guided_segmentation.experiments import ledger as ledgers
from guided_segmentation.experiments.ledger import Ledger, Stage
from guided_segmentation.experiments.terminal import ProgressLine
from guided_segmentation.report.numbers import duration


def run(
    stages: Sequence[Stage],
    work_dir: artifacts.Path,
    bin_dir: artifacts.Path,
    reuse_from: artifacts.Path | None = None,
    *,
    prepare: Callable[[Ledger], None] | None = None,
    forecast: attempt.Forecast | None = None,
) -> None:
    """Runs the stages that are not done, with a line on stderr for each.

    A stage is done if it ended well with the same command and the same content
    of its input files, after the same stages. What was made otherwise moves to
    `<work_dir>/stale` and is made again. A stage that was killed is called
    again and resumes by itself. A second run in the same folder waits for the
    first, or for the stage that the first left running when it was
    killed.

    Args:
      stages: Each after those that it needs.
      work_dir: Folder of the experiment.
      bin_dir: Folder of the binaries.
      reuse_from: Folder of another experiment. A stage that was done there
        with the same command after the same stages is linked, not run.
      prepare: Called first, with the record of what is done, while no other
        run is at work in the folder.
      forecast: Tells how long all stages still take, for the lines on stderr.

    Raises:
      ChildProcessError: If a stage fails.
      InterruptedError: On SIGINT, SIGTERM or SIGHUP, which are passed on to
        the running stage, once that has ended.
      FileNotFoundError: If `reuse_from` is not the folder of an experiment.
      InputError: If an experiment that lends a stage made it again otherwise.
    """
    found = _inputs(stages, work_dir)
    prints = ledgers.fingerprints(stages, found)
    width = max(len(stage.name) for stage in stages)
    with _locked(pathlib.Path(work_dir)) as lock:
        ledger = Ledger(work_dir)
        if prepare is not None:
            prepare(ledger)
        ledgers.retire(stages, prints, found, ledger)
        if reuse_from is not None:
            ledgers.link(stages, prints, ledger, pathlib.Path(reuse_from))
        ledgers.check_loans(stages, prints, ledger)
        for number, stage in enumerate(stages, start=1):
            title = f"[{number:2}/{len(stages)}] {stage.name:{width}}"
            line = ProgressLine(title)
            if ledger.is_done(stage, prints[stage.name]):
                line.end(_past(ledger.records[stage.name]))
                continue
            attempt.Attempt(
                stage,
                prints[stage.name],
                found[stage.name],
                ledger,
                line,
                forecast,
            ).run(pathlib.Path(bin_dir), lock)


def check_flags(
    stages: Sequence[Stage], work_dir: artifacts.Path, bin_dir: artifacts.Path
) -> None:
    """Has binaries check their flags before others work for hours.

    Each binary checks its first stage that is not done, except the binary that
    runs next, which reports a mistake at once anyway.

    Args:
      stages: As `run` takes them.
      work_dir: Likewise.
      bin_dir: Likewise; its binaries know absl's --only_check_args.

    Raises:
      ValueError: If one refuses them, with what it says.
    """
    prints = ledgers.fingerprints(stages, _inputs(stages, work_dir))
    ledger = Ledger(work_dir)
    first: dict[str, Stage] = {}
    for stage in stages:
        if not ledger.is_done(stage, prints[stage.name]):
            first.setdefault(stage.command[0], stage)
    waiting = list(first.values())[1:]

    def check(stage: Stage) -> subprocess.CompletedProcess:
        command = attempt.arguments(
            stage, ledger.work_dir, pathlib.Path(bin_dir)
        )
        return subprocess.run(
            [*command, "--only_check_args"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    with futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(check, waiting)
        for stage, answer in zip(waiting, answers, strict=True):
            if answer.returncode:
                raise InputError(
                    f"stage {stage.name} would fail: "
                    f"{attempt.last_error(answer.stdout)}"
                )


def _inputs(
    stages: Sequence[Stage], work_dir: artifacts.Path
) -> dict[str, dict[str, str]]:
    return {stage.name: inputs.digests(stage, work_dir) for stage in stages}


@contextlib.contextmanager
def _locked(work_dir: pathlib.Path) -> Iterator[TextIO]:
    """Holds the lock of a folder; stages inherit it and may outlive a kill."""
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
