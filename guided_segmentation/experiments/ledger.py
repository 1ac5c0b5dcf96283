"""The stages of an experiment and the record of what is done."""

import dataclasses
import hashlib
import json
import pathlib
import re
import sys
from collections.abc import Mapping, Sequence

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

WORK_DIR = "{work_dir}"  # Filled in when a stage is called.


@dataclasses.dataclass(frozen=True)
class Stage:
    """One call of a binary, which makes one file or folder.

    Attributes:
      name: Of the stage and of its log.
      command: Name of the binary and its flags; `{work_dir}` stands for the
        experiment's folder, so that the commands of two can be compared.
      output: The file or folder it makes, relative to that folder.
      needs: Names of the stages whose output it reads.
      lacks: Name of the flagfile that it should have and does not, if any.
    """

    name: str
    command: tuple[str, ...]
    output: str
    needs: tuple[str, ...] = ()
    lacks: str = ""

    def reads(self, output: str) -> bool:
        """Whether the command names an output of the experiment."""
        path = re.escape(f"{WORK_DIR}/{output}") + r"(?![\w.-])"
        return any(re.search(path, argument) for argument in self.command)


class Ledger:
    """Record of what was done in the folder of an experiment.

    Attributes:
      work_dir: The folder.
      path: Its stages.json.
      records: By name of stage its `fingerprint`, `command`, digests of its
        `inputs`, `seconds` so far, whether it is `done`, and, if it was
        linked, from where: `reused_from`.
    """

    def __init__(self, work_dir: artifacts.Path):
        self.work_dir = pathlib.Path(work_dir)
        self.path = self.work_dir / "stages.json"
        self.records: dict[str, dict] = {}
        if self.path.is_file():
            self.records = artifacts.read_json(self.path)

    def is_done(self, stage: Stage, fingerprint: str) -> bool:
        """Whether the stage was done by this command and its output exists."""
        record = self.records.get(stage.name, {})
        return (
            record.get("done", False)
            and record["fingerprint"] == fingerprint
            and (self.work_dir / stage.output).exists()
        )

    def write(self, name: str, **record) -> None:
        """Replaces the record of a stage."""
        self.records[name] = record
        artifacts.write_json(self.path, self.records)

    def stands(self, name: str) -> bool:
        """Whether what was made from a stage is still right.

        Args:
          name: Of the stage, which is done, or was until `reopen`.
        """
        record = self.records.get(name, {})
        return record.get("done", False) or record.get("reopened", False)

    def reopen(self, name: str) -> None:
        """Has a stage that was done add to its output, such as new images.

        What was made from it stays.

        Args:
          name: Of the stage; nothing happens if it was never begun.
        """
        if name in self.records:
            record = {"done": False, "seconds": 0.0}
            if self.stands(name):
                record["reopened"] = True
            self.write(name, **{**self.records[name], **record})

    def drop(self, name: str) -> None:
        """Forgets a stage."""
        del self.records[name]
        artifacts.write_json(self.path, self.records)


def fingerprints(
    stages: Sequence[Stage], inputs: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Hashes commands and inputs of each stage and of all that it needs.

    Args:
      stages: Each after those that it needs.
      inputs: By name of stage, what `inputs.digests` returns.

    Returns:
      A short hexadecimal hash by name of stage.
    """
    prints: dict[str, str] = {}
    for stage in stages:
        needed = [prints[need] for need in stage.needs]
        origin = [stage.command, inputs.get(stage.name, {}), *needed]
        text = json.dumps(origin).encode()
        prints[stage.name] = hashlib.sha256(text).hexdigest()[:16]
    return prints


def retire(
    stages: Sequence[Stage],
    prints: Mapping[str, str],
    inputs: Mapping[str, Mapping[str, str]],
    ledger: Ledger,
) -> None:
    """Sets aside what was made otherwise, and all that was made from it.

    Args:
      stages: Of the experiment.
      prints: Their `fingerprints`.
      inputs: As `fingerprints` takes them.
      ledger: What was done so far; such stages are dropped from it.
    """
    for stage in stages:
        record = ledger.records.get(stage.name)
        if record is None:
            continue
        needs_stand = all(ledger.stands(need) for need in stage.needs)
        started = not record["done"] and (
            record["fingerprint"] == prints[stage.name]
        )
        fits = started or ledger.is_done(stage, prints[stage.name])
        if not (needs_stand and fits):
            before, now = record.get("inputs", {}), inputs.get(stage.name, {})
            changed = [name for name in now if before.get(name) != now[name]]
            _set_aside(ledger.work_dir, stage, changed)
            ledger.drop(stage.name)


def _set_aside(
    work_dir: pathlib.Path, stage: Stage, changed: Sequence[str]
) -> None:
    """Moves the output of a stage to a new name in `<work_dir>/stale`."""
    output = work_dir / stage.output
    if output.is_symlink():
        output.unlink()
    if not output.exists():
        return
    number = 1
    while (place := work_dir / "stale" / f"{stage.name}.{number}").exists():
        number += 1
    place.parent.mkdir(exist_ok=True)
    output.rename(place)
    reason = "its settings changed, or those of a stage before it"
    if changed:
        flags = " and ".join(f"--{name}" for name in changed)
        reason = f"the content of {flags} changed"
    print(
        f"{stage.name}: {reason}; its earlier output is now {place}",
        file=sys.stderr,
    )


def link(
    stages: Sequence[Stage],
    prints: Mapping[str, str],
    ledger: Ledger,
    reuse_from: pathlib.Path,
) -> None:
    """Links outputs of stages that another experiment has done in the same way.

    Args:
      stages: Of the experiment.
      prints: Their `fingerprints`.
      ledger: Where they are recorded.
      reuse_from: Folder of the other experiment.

    Raises:
      FileNotFoundError: If that holds no experiment.
    """
    earlier = Ledger(reuse_from)
    if not earlier.records:
        raise FileNotFoundError(
            f"no stages.json in {reuse_from}; to reuse an experiment, name the "
            f"work_dir of a run of bin/run_experiment"
        )
    for stage in stages:
        started = stage.name in ledger.records
        if started or not earlier.is_done(stage, prints[stage.name]):
            continue
        output = ledger.work_dir / stage.output
        if output.is_symlink():
            output.unlink()
        if not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            output.symlink_to((reuse_from / stage.output).resolve())
            record = earlier.records[stage.name]
            origin = record.get("reused_from", str(reuse_from))
            ledger.write(stage.name, **{**record, "reused_from": origin})


def check_loans(
    stages: Sequence[Stage], prints: Mapping[str, str], ledger: Ledger
) -> None:
    """Checks that linked outputs are still those that were linked.

    Args:
      stages: Of the experiment.
      prints: Their `fingerprints`.
      ledger: What was done, after `retire`.

    Raises:
      InputError: If the experiment that lends a stage made it again otherwise,
        or is making it.
    """
    lenders: dict[str, Ledger] = {}
    for stage in stages:
        origin = ledger.records.get(stage.name, {}).get("reused_from")
        if origin is None or not ledger.is_done(stage, prints[stage.name]):
            continue
        lender = lenders.setdefault(origin, Ledger(origin))
        if not lender.is_done(stage, prints[stage.name]):
            raise InputError(
                f"stage {stage.name} was linked from {origin}, where it was "
                f"run again with other settings, or has not ended; run that "
                f"experiment as it was, or delete "
                f"{ledger.work_dir / stage.output}, a link, to have the stage "
                f"run here"
            )
