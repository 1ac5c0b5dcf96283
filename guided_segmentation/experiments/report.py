"""The page of an experiment: its tables, curves, bars and pictures."""

import pathlib
from collections.abc import Sequence

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import image_areas
from guided_segmentation.experiments import table_1, table_4_5
from guided_segmentation.experiments.ledger import Stage
from guided_segmentation.experiments.plan import (
    GUIDES,
    PREDICTIONS,
    SALIENCY_MAPS,
    SCORES,
    SEEDS,
)
from guided_segmentation.experiments.summary import evaluations, score_paths
from guided_segmentation.report import legend, page, strips


def write_report(
    work_dir: artifacts.Path,
    stages: Sequence[Stage],
    train: schema.Source,
    val: schema.Source,
    num_strips: int = 8,
) -> pathlib.Path:
    """Writes report.html: the tables, bars and pictures of an experiment.

    If seeders were compared, it writes figure_3.png too.

    Args:
      work_dir: Folder of the experiment, which holds its summary.json.
      stages: Its plan.
      train: The split it learned from.
      val: The split it was scored on.
      num_strips: How many images of each split to show.

    Returns:
      The path of the report.

    Raises:
      FileNotFoundError: If a score, or a map of an image shown, is missing.
    """
    work_dir = pathlib.Path(work_dir)
    scores = evaluations(work_dir, stages)
    shown = {}
    if scores["guides"]:
        shown = _strips(work_dir, stages, train, val, num_strips)
    sections = {}
    if seeders := table_1.scores(work_dir, stages):
        figure = work_dir / "figure_3.png"
        table_1.write_figure(seeders, figure)
        sections = table_1.sections(seeders, figure)
    summary = artifacts.read_json(work_dir / "summary.json")
    if summary["crf_rows"]:
        sections |= table_4_5.sections(summary["crf_rows"])
    path = work_dir / "report.html"
    matrices = _matrices(work_dir, stages)
    page.write(path, summary, scores, shown, sections, matrices)
    return path


def _matrices(work_dir, stages):
    """The pictures of confusion matrices beside the scores, by guide."""
    paths = score_paths(work_dir, stages)["segmenters"]
    return {
        guide: picture.read_bytes()
        for guide, path in paths.items()
        if (picture := path.resolve().with_suffix(".png")).is_file()
    }


def _strips(work_dir, stages, train, val, num_strips):
    """The pictures of the report, by "train" and "val"."""
    outputs = [stage.output for stage in stages]
    paths = score_paths(work_dir, stages)

    def folders(pattern: str) -> dict[str, pathlib.Path]:
        return {
            guide: work_dir / pattern.format(guide=guide)
            for guide in legend.NAMES
            if SCORES["guides"].format(guide=guide) in outputs
        }

    def ranking(kind: str) -> dict[str, float] | None:
        """The IoU of each image with G2, if that is among the guides."""
        kept = "g2" in paths[kind] and image_areas.read(paths[kind]["g2"])
        return kept.iou() if kept else None

    return {
        "train": strips.guide_strips(
            train,
            folders(GUIDES),
            work_dir / SEEDS if SEEDS in outputs else None,
            work_dir / SALIENCY_MAPS if SALIENCY_MAPS in outputs else None,
            num_strips,
            ranking("guides"),
        ),
        "val": strips.prediction_strips(
            val,
            folders(PREDICTIONS),
            num_strips,
            folders(f"{PREDICTIONS}/crf") if paths["crf"] else None,
            ranking("segmenters"),
        ),
    }
