"""What earlier calls left in the folder of the results."""

import pathlib
import shlex
from collections.abc import Sequence

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.experiments import inputs
from guided_segmentation.experiments import ledger as ledgers
from guided_segmentation.experiments.ledger import Stage
from guided_segmentation.own_photographs.photographs import Photographs

CONTENT_FILE = pathlib.Path("data", "masks.json")


def record(output_dir: pathlib.Path) -> dict | None:
    """Returns the settings.json of an earlier call, or None.

    Args:
      output_dir: Folder of the results.

    Raises:
      InputError: If it is the folder of something else.
    """
    path = output_dir / provenance.SETTINGS_FILE
    if not path.is_file():
        return None
    found = artifacts.read_json(path)
    if "learned_from" not in found:
        raise InputError(
            f"{output_dir}: wanted a folder of make_masks or a new one, found "
            f"a settings.json of something else; choose another --output_dir"
        )
    return found


def is_trained(output_dir: pathlib.Path) -> bool:
    """Whether a segmenter is there, trained to its end.

    Args:
      output_dir: Folder of the results.
    """
    return (output_dir / "segmenter" / "weights.npz").is_file()


def done_stages(
    planned: Sequence[Stage], output_dir: pathlib.Path
) -> frozenset[str]:
    """Returns the names of the stages that are done.

    Args:
      planned: All stages.
      output_dir: Folder of the results.
    """
    ledger = ledgers.Ledger(output_dir)
    digests = {x.name: inputs.digests(x, output_dir) for x in planned}
    prints = ledgers.fingerprints(planned, digests)
    done = {x.name for x in planned if ledger.is_done(x, prints[x.name])}
    reopened = {
        x.name
        for x in planned
        if ledger.records.get(x.name, {}).get("reopened")
    }
    for stage in planned:  # What a stage that is not done feeds.
        if not (done | reopened).issuperset(stage.needs):
            done.discard(stage.name)
    return frozenset(done)


def are_begun(stage: Stage, output_dir: pathlib.Path) -> bool:
    """Whether masks that are there were made by the same command.

    Args:
      stage: Of the masks.
      output_dir: Folder of the results.
    """
    record = ledgers.Ledger(output_dir).records.get(stage.name, {})
    return record.get("command") == shlex.join(stage.command)


def changes(output_dir: pathlib.Path, found: Photographs) -> list[str]:
    """Returns the photographs that changed since their masks were made.

    Args:
      output_dir: Folder of the results.
      found: The photographs now.

    Returns:
      Ids of those that are another file, or have other tags.
    """
    path = output_dir / CONTENT_FILE
    before = artifacts.read_json(path) if path.is_file() else {}
    now = content(found)
    return [i for i in now if i in before and before[i] != now[i]]


def content(found: Photographs) -> dict[str, list]:
    """Returns what each mask is made from besides the segmenter, as JSON.

    Args:
      found: The photographs.
    """
    return {
        image_id: [each.digest, list(each.tags)]
        for image_id, each in found.by_id.items()
    }
