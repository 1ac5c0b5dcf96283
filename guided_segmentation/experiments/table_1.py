"""Table 1 and Figure 3: seeders compared on one split.

Source: Oh et al., CVPR 2017, section 4.
"""

import pathlib
from collections.abc import Mapping, Sequence

import markupsafe

from guided_segmentation import artifacts
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.report import columns, figures
from guided_segmentation.report import sections as page_sections

# The network behind each seeder; the baseline has none.
NETWORKS = {
    "gap_lowres": "gap_lowres",
    "gap_highres": "gap_highres",
    "gap_roi": "gap_roi",
    "gap_deeplab": "gap_deeplab",
    "vanilla": "vgg16",
    "guided": "vgg16",
    "excitation": "vgg16",
    "center_mean_shape": None,
}
TITLES = {
    "gap_lowres": "GAP-LowRes",
    "gap_highres": "GAP-HighRes",
    "gap_roi": "GAP-ROI",
    "gap_deeplab": "GAP-DeepLab",
    "vanilla": "Vanilla backprop",
    "guided": "Guided backprop",
    "excitation": "Excitation backprop",
    "center_mean_shape": "Centre mean shape",
}
# mP and mAP in per cent, Table 1. Of the others there is a curve alone.
PAPER = {
    "gap_lowres": (76.5, 88.0),
    "gap_highres": (80.7, 87.0),
    "gap_roi": (80.8, 87.2),
    "gap_deeplab": (57.7, 92.7),
}

_COLUMNS = ("mP", "mAP", "paper mP", "paper mAP")
_SCORES = "evaluation/seeds_{seeder}.json"


def plan(
    seeders: Sequence[str],
    train: Sequence[str],
    val: Sequence[str],
    more: Mapping[str, Sequence[str]],
) -> list[Stage]:
    """Lists the stages: a training a network, then an evaluation a seeder.

    A network that no seeder has is among them too; a caller leaves out what it
    does not need.

    Args:
      seeders: Out of NETWORKS.
      train: Flags of the images to learn from.
      val: Flags of the images to score on.
      more: Further flags: "seeder" reach every training, but for one that
        names the network; those under the name of a network reach its own,
        "evaluate_seeds" every evaluation.

    Returns:
      Stages, each after those whose output it reads.
    """
    networks = dict.fromkeys(filter(None, NETWORKS.values()))
    return [
        *(train_seeder(network, train, more) for network in networks),
        *(_evaluate(seeder, train, val, more) for seeder in seeders),
    ]


def train_seeder(
    network: str, train: Sequence[str], more: Mapping[str, Sequence[str]]
) -> Stage:
    """Returns the stage that trains a network, `seeders/<network>`.

    Args:
      network: One of NETWORKS.
      train: As `plan` takes it.
      more: As `plan` takes it.
    """
    output = f"seeders/{network}"
    command = (
        "train_seeder",
        *train,
        f"--seeder={network}",
        f"--work_dir={WORK_DIR}/{output}",
        *(x for x in more.get("seeder", ()) if not x.startswith("--seeder=")),
        *more.get(network, ()),
    )
    return Stage(f"train_seeder_{network}", command, output)


def scores(
    work_dir: artifacts.Path, stages: Sequence[Stage]
) -> dict[str, dict]:
    """Reads what bin/evaluate_seeds wrote, by name of seeder.

    Args:
      work_dir: Folder of the experiment.
      stages: Its plan.

    Raises:
      FileNotFoundError: If one is missing.
    """
    outputs = [stage.output for stage in stages]
    return {
        seeder: artifacts.read_json(pathlib.Path(work_dir, path))
        for seeder in NETWORKS
        if (path := _SCORES.format(seeder=seeder)) in outputs
    }


def summary(found: Mapping[str, Mapping]) -> dict:
    """Returns mP and mAP, shares, by name of seeder; None is not measured."""
    return {
        seeder: {"mp": each["mp"], "map": each["map"]}
        for seeder, each in found.items()
    }


def table(seeders: Mapping[str, Mapping]) -> str:
    """Lays Table 1 out as text, in per cent, beside the paper's figures.

    Args:
      seeders: What `summary` returns.
    """
    rows = [["", *_COLUMNS], *(_row(*item) for item in seeders.items())]
    return "\n".join(columns.aligned(rows))


def sections(
    found: Mapping[str, Mapping], figure: artifacts.Path
) -> dict[str, markupsafe.Markup]:
    """Returns Table 1 and Figure 3 as HTML, by title, for the report.

    Args:
      found: What `scores` returns.
      figure: What `write_figure` wrote.
    """
    rows = [_row(*item) for item in summary(found).items()]
    return {
        "Seeders compared": page_sections.table(["", *_COLUMNS], rows),
        "Precision and recall of seeds": page_sections.picture(
            "Figure 3", pathlib.Path(figure).read_bytes()
        ),
    }


def write_figure(found: Mapping[str, Mapping], path: artifacts.Path) -> None:
    """Draws Figure 3 as a PNG.

    Args:
      found: What `scores` returns.
      path: PNG to write.
    """
    titled = {TITLES[seeder]: each for seeder, each in found.items()}
    figures.seed_curves(titled, path)


def _evaluate(seeder, train, val, more):
    output = _SCORES.format(seeder=seeder)
    command = (
        "evaluate_seeds",
        *val,
        *_seeder_flags(seeder, train),
        f"--output={WORK_DIR}/{output}",
        *more.get("evaluate_seeds", ()),
    )
    return Stage(f"evaluate_seeds_{seeder}", command, output)


def _seeder_flags(seeder, train):
    network = NETWORKS[seeder]
    if network is None:
        split = next(x for x in reversed(train) if x.startswith("--split="))
        return f"--seeder={seeder}", split.replace("--", "--shape_", 1)
    method = "cam" if network == seeder else seeder
    return f"--seeder={method}", f"--seeder_dir={WORK_DIR}/seeders/{network}"


def _row(seeder, each):
    """The cells of a seeder: its title, mP and mAP here and in the paper."""
    here = [_percent(each[key]) for key in ("mp", "map")]
    paper = [f"{x:.1f}" for x in PAPER.get(seeder, ())] or ["-", "-"]
    return [TITLES[seeder], *here, *paper]


def _percent(share):
    return "-" if share is None else f"{100 * share:.1f}"
