"""Table 1 and Figure 3: seeders compared on one split.

Source: Oh et al., CVPR 2017, section 4.
"""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

import markupsafe

from guided_segmentation import artifacts
from guided_segmentation.experiments import flagfiles
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.experiments.stage_flags import (
    StageFlags,
    StageTemplate,
)
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
# mP and mAP in per cent, Table 1. For the others the paper has only curves.
PUBLISHED = {
    "gap_lowres": (76.5, 88.0),
    "gap_highres": (80.7, 87.0),
    "gap_roi": (80.8, 87.2),
    "gap_deeplab": (57.7, 92.7),
}

_COLUMNS = ("mP", "mAP", "paper mP", "paper mAP")
_KEY = "mP, mean precision; mAP, mean average precision"
_SCORES = "evaluation/seeds_{seeder}.json"
_EVALUATE_SEEDS = StageTemplate(
    name="evaluate_seeds_{seeder}",
    binary="evaluate_seeds",
    split="val",
    output=_SCORES,
    flags="",  # Follow from the seeder.
    more=("seed_scores",),
    files=("seed_scores",),
)


def plan(seeders: Sequence[str], stage_flags: StageFlags) -> list[Stage]:
    """Lists the stages: a training per network, an evaluation per seeder.

    Networks that no seeder has are trained too; a caller leaves out what it
    does not need.

    Args:
      seeders: Out of NETWORKS.
      stage_flags: Flags of all stages. Those of "seeder" reach every training,
        but for one that names the network; those under the name of a network
        reach its own, "seed_scores" every evaluation.

    Returns:
      Stages, each after those whose output it reads.
    """
    networks = dict.fromkeys(filter(None, NETWORKS.values()))
    return [
        *(train_seeder(network, stage_flags) for network in networks),
        *(_evaluate(seeder, stage_flags) for seeder in seeders),
    ]


def train_seeder(network: str, stage_flags: StageFlags) -> Stage:
    """Returns the stage that trains a network, `seeders/<network>`.

    Its flagfile is `<network>.flags`, or else `seeder.flags`.

    Args:
      network: One of NETWORKS.
      stage_flags: As `plan` takes them.
    """
    output = f"seeders/{network}"
    files = (network, "seeder")
    more = stage_flags.more
    command = stage_flags.command(
        "train_seeder",
        "train",
        (f"--seeder={network}", f"--work_dir={WORK_DIR}/{output}"),
        (
            *flagfiles.without(more.get("seeder", ()), ("seeder",)),
            *more.get(network, ()),
        ),
        flagfiles.first(stage_flags.files, files),
    )
    lacks = stage_flags.lacks(files)
    return Stage(f"train_seeder_{network}", command, output, lacks=lacks)


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
    """Returns "mp" and "map" by name of seeder.

    Args:
      found: What `scores` returns.

    Returns:
      mP, the mean precision of the seeds, and mAP, the mean average precision
      of the classifier, in [0, 1]; None where not measured.
    """
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
    return "\n".join([*columns.aligned(rows), _KEY])


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


def _evaluate(seeder: str, stage_flags: StageFlags) -> Stage:
    template = dataclasses.replace(
        _EVALUATE_SEEDS, flags=f"{_seeder_flags(seeder)} --output={{output}}"
    )
    return template.fill(
        stage_flags, seeder=seeder, train_split=stage_flags.train_split
    )


def _seeder_flags(seeder: str) -> str:
    network = NETWORKS[seeder]
    if network is None:
        return "--seeder={seeder} --shape_split={train_split}"
    method = "cam" if network == seeder else seeder
    return f"--seeder={method} --seeder_dir={{work_dir}}/seeders/{network}"


def _row(seeder, each):
    """The cells of a seeder: its title, mP and mAP here and in the paper."""
    here = [_percent(each[key]) for key in ("mp", "map")]
    paper = [f"{x:.1f}" for x in PUBLISHED.get(seeder, ())] or ["-", "-"]
    return [TITLES[seeder], *here, *paper]


def _percent(fraction):
    return "-" if fraction is None else f"{100 * fraction:.1f}"
