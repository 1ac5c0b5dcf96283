"""The scores of an experiment, collected in summary.json."""

import contextlib
import importlib.metadata
import pathlib
import platform
import shlex
from collections.abc import Sequence

from guided_segmentation import artifacts
from guided_segmentation.evaluation import paired
from guided_segmentation.experiments import table_1, table_4_5
from guided_segmentation.experiments.ledger import Ledger, Stage
from guided_segmentation.experiments.plan import SCORES
from guided_segmentation.report import legend, table_2

_KEPT = (
    "miou",
    "miou_interval",
    "fg",
    "bg",
    "ignored",
    "labelled_only",
    "images",
    "saliency",
)
_PACKAGES = (
    "guided_segmentation",
    "tensorflow",
    "keras",
    "tensorflow-addons",
    "numpy",
    "opencv-python",
    "pydensecrf2",
)


def summarize(work_dir: artifacts.Path, stages: Sequence[Stage]) -> dict:
    """Collects the scores of an experiment and writes summary.json.

    Args:
      work_dir: Folder of the experiment, all of whose stages are done.
      stages: Its plan.

    Returns:
      What summary.json holds. "guides" and "segmenters" have scores by name
      of guide, "seeders" mp and map by name of seeder, "crf_rows" what
      table_4_5.scores returns. "full_supervision" repeats the scores of that
      segmenter, None if it was not trained, and
      "percent_of_full_supervision" relates G2 to it. "paired" has what
      paired.compare returns for "miou" and "miou_crf"; "seconds" and
      "settings" (the commands) are by stage, "reused" names the linked stages,
      "versions" the packages. Only the seconds differ between two runs of a
      plan.

    Raises:
      FileNotFoundError: If a score is missing.
    """
    scores = evaluations(work_dir, stages)
    paths = score_paths(work_dir, stages)
    records = Ledger(work_dir).records
    seeders = table_1.scores(work_dir, stages)
    segmenters = {
        guide: _segmenter_summary(evaluation, scores["crf"].get(guide))
        for guide, evaluation in scores["segmenters"].items()
    }
    summary = {
        "guides": {
            guide: {key: found[key] for key in _KEPT if key in found}
            for guide, found in scores["guides"].items()
        },
        "segmenters": segmenters,
        "seeders": table_1.summary(seeders),
        "crf_rows": table_4_5.scores(work_dir, stages),
        "full_supervision": segmenters.get("full"),
        "paired": {
            "miou": paired.compare(paths["segmenters"]),
            "miou_crf": paired.compare(paths["crf"]),
        },
        "percent_of_full_supervision": table_2.percent_of_full_supervision(
            segmenters, "g2"
        ),
        "seconds": {
            each.name: round(records[each.name]["seconds"], 1)
            for each in stages
        },
        "reused": [
            each.name for each in stages if "reused_from" in records[each.name]
        ],
        "settings": {each.name: shlex.join(each.command) for each in stages},
        "versions": _versions(),
    }
    artifacts.write_json(pathlib.Path(work_dir, "summary.json"), summary)
    return summary


def evaluations(work_dir: artifacts.Path, stages: Sequence[Stage]) -> dict:
    """Reads all scores of an experiment.

    Args:
      work_dir: Folder of the experiment, all of whose stages are done.
      stages: Its plan.

    Returns:
      Under "guides", "segmenters" and "crf" the evaluations by name of guide.

    Raises:
      FileNotFoundError: If one is missing.
    """
    return {
        kind: {
            guide: artifacts.read_json(path) for guide, path in found.items()
        }
        for kind, found in score_paths(work_dir, stages).items()
    }


def score_paths(
    work_dir: artifacts.Path, stages: Sequence[Stage]
) -> dict[str, dict[str, pathlib.Path]]:
    """Returns the JSON file of each evaluation, by kind and name of guide.

    Args:
      work_dir: Folder of the experiment.
      stages: Its plan.
    """
    outputs = [stage.output for stage in stages]
    return {
        kind: {
            guide: pathlib.Path(work_dir, path)
            for guide in legend.NAMES
            if (path := pattern.format(guide=guide)) in outputs
        }
        for kind, pattern in SCORES.items()
    }


def _segmenter_summary(evaluation: dict, with_crf: dict | None) -> dict:
    keys = ("miou", "miou_interval", "images")
    kept = {key: evaluation[key] for key in keys if key in evaluation}
    for key in ("miou", "miou_interval"):
        if with_crf is not None and key in with_crf:
            kept[key.replace("miou", "miou_crf")] = with_crf[key]
    return kept


def _versions() -> dict[str, str]:
    """Returns the version of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
