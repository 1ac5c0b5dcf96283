"""Tables 4 and 5: dense CRFs around seeds alone, against saliency.

A CRF can sharpen seeds (crf-seed), be part of the segmenter's loss (crf-loss)
and refine what it says (crf-postproc). Every row asks for some of these.

Source: Oh et al., CVPR 2017, appendix C. In copies of the text that lost the
columns of table 5 its order alone tells loss_v1 from post_v1.
"""

import dataclasses
import pathlib
from collections.abc import Iterator, Mapping, Sequence

import markupsafe

from guided_segmentation import artifacts
from guided_segmentation.evaluation import bootstrap, image_areas
from guided_segmentation.experiments import table_1
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.report import columns, gains, numbers
from guided_segmentation.report import sections as page_sections


@dataclasses.dataclass(frozen=True)
class Row:
    """What a segmenter learns from, and which CRFs help it, by name.

    Attributes:
      seed: CRF of crf-seed.
      loss: CRF of crf-loss.
      postproc: CRF of crf-postproc.
      guide: Name of the guide.
    """

    seed: str = "none"
    loss: str = "none"
    postproc: str = "none"
    guide: str = "seeds_only"


ROWS = {
    "plain": Row(),
    "loss_v1_post_v1": Row(loss="v1", postproc="v1"),
    "loss_v1": Row(loss="v1"),
    "post_v1": Row(postproc="v1"),
    "loss_v2_post_v2": Row(loss="v2", postproc="v2"),
    "seed_v1": Row(seed="v1"),
    "saliency": Row(postproc="v2", guide="g2"),
    # Beyond the paper: does a CRF help what saliency has helped?
    "saliency_loss_v2": Row(loss="v2", guide="g2"),
    "saliency_loss_v2_post_v2": Row(loss="v2", postproc="v2", guide="g2"),
}
# mIoU in per cent on VOC 2012 val, table 5, by seeder and row.
PAPER = {
    "gap_highres": {
        "plain": 37.5,
        "loss_v1_post_v1": 50.4,
        "loss_v1": 46.4,
        "post_v1": 45.5,
        "loss_v2_post_v2": 45.2,
        "seed_v1": 33.0,
        "saliency": 55.2,
    },
    "gap_roi": {
        "plain": 37.6,
        "loss_v1_post_v1": 45.0,
        "loss_v2_post_v2": 44.2,
        "saliency": 54.6,
    },
}
# Those whose own score maps are seeds: networks with global average pooling.
SEEDERS = tuple(
    name for name, network in table_1.NETWORKS.items() if name == network
)

_COLUMNS = (
    "crf-seed",
    "crf-loss",
    "crf-postproc",
    "val mIoU",
    "over plain",
    "paper",
)
_NOTE = """In brackets: 95 % bootstrap intervals from 1,000 resamples of the val
images. "Over plain" is the gain over the row without any CRF, on the same
images."""
_SCORES = "evaluation/crf_{seeder}_{row}.json"
_SALIENCY = f"--saliency_dir={WORK_DIR}/saliency_maps"


@dataclasses.dataclass(frozen=True)
class _Recipe:
    """How to call a binary; braces are filled in by `plan`."""

    binary: str
    what: str  # End of the stage's name: what it depends on.
    images: str
    output: str
    flags: str
    more: tuple[str, ...]


_RECIPES = (
    _Recipe(
        "make_seeds",
        "{seeds}",
        "train",
        "crfs/{seeder}/{seeds}",
        "--seeder_dir={work_dir}/seeders/{seeder} --seed_crf={seed} "
        "--output_dir={output}",
        ("seeds",),
    ),
    _Recipe(
        "train_segmenter",
        "{segmenter}",
        "train",
        "crfs/{seeder}/segmenter_{segmenter}",
        "--guide={guide} {saliency} --seeds_dir={work_dir}/crfs/{seeder}/"
        "{seeds} --crf_loss={loss} --work_dir={output}",
        ("guides", "segmenter"),
    ),
    _Recipe(
        "segment_images",
        "{row}",
        "val",
        "crfs/{seeder}/predictions_{row}",
        "--segmenter_dir={work_dir}/crfs/{seeder}/segmenter_{segmenter} "
        "--crf={postproc} --output_dir={output}",
        ("segment",),
    ),
    _Recipe(
        "evaluate_segmenter",
        "{row}",
        "val",
        _SCORES,
        "--predictions_dir={work_dir}/crfs/{seeder}/predictions_{row} "
        "--output={output}",
        ("evaluate_segmenter",),
    ),
)


def plan(
    rows: Sequence[str],
    seeders: Sequence[str],
    train: Sequence[str],
    val: Sequence[str],
    more: Mapping[str, Sequence[str]],
) -> list[Stage]:
    """Lists the stages: rows share seeders, seeds and segmenters.

    Args:
      rows: Out of ROWS. "saliency" reads `<work_dir>/saliency_maps`.
      seeders: Out of SEEDERS; every row is run for each.
      train: Flags of the images to learn from.
      val: Flags of the images to score on.
      more: Further flags by the stages that they reach, as
        experiments.Settings has them; `{seeder}` and `{guide}` are filled in.

    Returns:
      Stages, each after those whose output it reads.
    """
    stages = [
        stage
        for seeder in seeders
        for row in rows
        for stage in _stages(seeder, row, train, val, more)
    ]
    return list({stage.name: stage for stage in stages}.values())


def scores(
    work_dir: artifacts.Path, stages: Sequence[Stage]
) -> dict[str, dict[str, dict]]:
    """Reads the scores by name of seeder and row.

    Args:
      work_dir: Folder of the experiment.
      stages: Its plan.

    Returns:
      Of each row miou, a share, and miou_interval; over_plain, as
      bootstrap.difference returns it, if the areas of both were kept.

    Raises:
      FileNotFoundError: If one is missing.
      ValueError: If the scores of a seeder are not of as many images.
    """
    outputs = [stage.output for stage in stages]
    paths = {
        seeder: {
            row: pathlib.Path(work_dir, path)
            for row in ROWS
            if (path := _SCORES.format(seeder=seeder, row=row)) in outputs
        }
        for seeder in SEEDERS
    }
    return {seeder: _scores(rows) for seeder, rows in paths.items() if rows}


def table(found: Mapping[str, Mapping[str, Mapping]]) -> str:
    """Lays the table out as text, in per cent, beside the paper's figures.

    Args:
      found: What `scores` returns.
    """
    return "\n".join(columns.aligned([["", *_COLUMNS], *_rows(found)]))


def sections(
    found: Mapping[str, Mapping[str, Mapping]],
) -> dict[str, markupsafe.Markup]:
    """Returns the table as HTML, by title, for the report.

    Args:
      found: What `scores` returns.
    """
    rows = list(_rows(found))
    return {
        "CRFs against saliency": page_sections.table(
            ["", *_COLUMNS], rows, _NOTE
        )
    }


def _rows(found) -> Iterator[list[str]]:
    """The cells of each row, seeder by seeder."""
    for seeder, rows in found.items():
        for name, score in rows.items():
            row = ROWS[name]
            title = table_1.TITLES[seeder]
            if row.guide != "seeds_only":
                title += f" {row.guide.upper()}"
            crfs = [row.seed, row.loss, row.postproc]
            paper = PAPER.get(seeder, {}).get(name)
            yield [
                title,
                *(numbers.DASH if crf == "none" else crf for crf in crfs),
                numbers.percent_with_interval(
                    score["miou"], score.get("miou_interval")
                ),
                gains.difference(score.get("over_plain")),
                numbers.DASH if paper is None else f"{paper:.1f}",
            ]


def _scores(paths: Mapping[str, pathlib.Path]) -> dict[str, dict]:
    """The score of each row, and its gain over that without any CRF."""
    areas = image_areas.read_kept(paths)
    plain = areas.pop("plain", None)
    found = {name: artifacts.read_json(path) for name, path in paths.items()}
    keys = ("miou", "miou_interval")
    rows = {
        name: {key: scores[key] for key in keys if key in scores}
        for name, scores in found.items()
    }
    if plain is not None:
        for name, each in areas.items():
            rows[name]["over_plain"] = bootstrap.difference(each, plain)
    return rows


def _stages(seeder, name, train, val, more) -> Iterator[Stage]:
    """Yields the stages of a row, each after those whose output it reads."""
    yield table_1.train_seeder(seeder, train, more)
    row = ROWS[name]
    seeds = f"seed_{row.seed}"
    words = {
        **dataclasses.asdict(row),
        "row": name,
        "seeder": seeder,
        "seeds": seeds,
        "segmenter": f"{row.guide}_{seeds}_loss_{row.loss}",
        "saliency": "" if row.guide == "seeds_only" else _SALIENCY,
        "work_dir": WORK_DIR,
    }
    for recipe in _RECIPES:
        images = {"train": train, "val": val}[recipe.images]
        yield _stage(recipe, words, images, more)


def _stage(recipe, words, images, more):
    output = recipe.output.format(**words)
    own = recipe.flags.format(**words, output=f"{WORK_DIR}/{output}")
    asked = [
        flag.replace("{seeder}", words["seeder"]).replace(
            "{guide}", words["guide"]
        )
        for key in recipe.more
        for flag in more.get(key, ())
    ]
    command = (recipe.binary, *images, *own.split(), *asked)
    name = f"{recipe.binary}_{words['seeder']}_{recipe.what}"
    return Stage(name.format(**words), command, output)
