"""Experiments: seeders, CRFs, and guides by the segmenters they teach.

`plan` lists the stages, `stages.run` runs them, `summarize` gathers what
they measured, and `write_report` shows it.

Source of the comparisons: Oh et al., "Exploiting saliency for object
segmentation from image level labels", CVPR 2017, tables 1, 2, 4 and 5.
"""

import contextlib
import dataclasses
import importlib.metadata
import pathlib
import platform
import shlex
from collections.abc import Iterator, Mapping, Sequence

from guided_segmentation import artifacts, guides, paired, table_1, table_4_5
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import image_areas
from guided_segmentation.report import legend, page, strips, table_2
from guided_segmentation.stages import WORK_DIR, Ledger, Stage

# Whom the flags in `Settings.more` reach.
MORE = {
    "data": "every binary but train_saliency",
    "seeder": "train_seeder",
    **{
        network: f"train_seeder --seeder={network}, of --seeders and "
        + ("g1" if network == "vgg16" else "--crf_seeders")
        for network in dict.fromkeys(filter(None, table_1.NETWORKS.values()))
    },
    "evaluate_seeds": "evaluate_seeds",
    "seeds": "make_seeds",
    "saliency": "train_saliency",
    "make_saliency": "make_saliency",
    "guides": "make_guides and train_segmenter, since both make the guide",
    "evaluate_guides": "evaluate_guides",
    "segmenter": "train_segmenter",
    "segment": "segment_images",
    "evaluate_segmenter": "evaluate_segmenter",
}

# Outputs of the stages that are read here, relative to the work_dir.
_SEEDS = "seeds"
_SEEDS_ROUND_2 = "seeds_round2"
_SALIENCY_MAPS = "saliency_maps"
_GUIDES = "guides/{guide}"
_PREDICTIONS = "predictions/{guide}"
_SCORES = {
    "guides": "evaluation/guides_{guide}.json",
    "segmenters": "evaluation/segmenter_{guide}.json",
    "crf": "evaluation/segmenter_{guide}_crf.json",
}

ROUND_2 = "g2_round2"

_EVIDENCE = {
    "classifier": f"--classifier_dir={WORK_DIR}/seeders/vgg16",
    "seeds": f"--seeds_dir={WORK_DIR}/{_SEEDS}",
    "saliency_mask": f"--saliency_dir={WORK_DIR}/{_SALIENCY_MAPS}",
}
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of an experiment.

    Attributes:
      guides: Names of the guides to compare, from `guides.GUIDES`.
      seeders: Names of the seeders to compare, from `table_1.NETWORKS`.
      crf_rows: Rows of tables 4 and 5 to fill, from `table_4_5.ROWS`.
      crf_seeders: For which seeders, from `table_4_5.SEEDERS`.
      data: Flags of the images that have image-level labels.
      saliency_data: Flags of the images that have boxes.
      train_split: Split to learn from.
      val_split: Split to score the segmenters on.
      crf: Whether to score them with crf-postproc too.
      rounds: 2 for self-training: what the segmenter of G2 predicts of the
        train images, within their image labels, is the seeds of another G2,
        called ROUND_2. 1 for none.
      more: Further flags by the keys of `MORE`. They come last, so that they
        win; `{work_dir}` and, for the stages of a guide, `{guide}` are filled
        in, for those of a row `{seeder}` too.

    Raises:
      ValueError: If there is no such guide, seeder or row, or none at all, or
        no first round to a second.
    """

    guides: tuple[str, ...] = tuple(guides.GUIDES)
    seeders: tuple[str, ...] = ()
    crf_rows: tuple[str, ...] = ()
    crf_seeders: tuple[str, ...] = ("gap_highres",)
    data: tuple[str, ...] = ()
    saliency_data: tuple[str, ...] = ()
    train_split: str = "train"
    val_split: str = "val"
    crf: bool = False
    rounds: int = 1
    more: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )

    def __post_init__(self):
        for kind, found, known in (
            ("guides", self.guides, guides.GUIDES),
            ("seeders", self.seeders, table_1.NETWORKS),
            ("crf_rows", self.crf_rows, table_4_5.ROWS),
            ("crf_seeders", self.crf_seeders, table_4_5.SEEDERS),
        ):
            unknown = sorted(set(found) - set(known))
            if unknown:
                raise ValueError(
                    f"wanted {kind} out of {', '.join(known)}, found "
                    f"{', '.join(unknown)}"
                )
        if not self.guides and not self.seeders and not self.crf_rows:
            raise ValueError(
                "wanted guides, seeders or crf_rows to compare, found none"
            )
        if self.rounds not in (1, 2):
            raise ValueError(f"wanted 1 or 2 rounds, found {self.rounds}")
        if self.rounds == 2 and "g2" not in self.guides:
            raise ValueError(
                f"wanted g2 among the guides, since its segmenter makes the "
                f"seeds of a second round, found {list(self.guides)}; add g2"
            )

    def images(self, split: str) -> tuple[str, ...]:
        """Returns the flags of a stage that reads "train" or "val" images."""
        name = {"train": self.train_split, "val": self.val_split}[split]
        return (*self.data, *self.more.get("data", ()), f"--split={name}")


@dataclasses.dataclass(frozen=True)
class _Recipe:
    """How to call the binary of a stage; braces are filled in by `plan`."""

    name: str
    images: str
    output: str
    flags: str
    more: tuple[str, ...]

    @property
    def binary(self) -> str:
        return self.name.partition("_{guide}")[0]


_TRAIN_SEEDER = _Recipe(
    "train_seeder", "train", "seeder", "--work_dir={output}", ("seeder",)
)
_MAKE_SEEDS = _Recipe(
    "make_seeds",
    "train",
    _SEEDS,
    "--seeder_dir={work_dir}/seeder --output_dir={output}",
    ("seeds",),
)
_TRAIN_SALIENCY = _Recipe(
    "train_saliency",
    "saliency",
    "saliency",
    "--work_dir={output}",
    ("saliency",),
)
_MAKE_SALIENCY = _Recipe(
    "make_saliency",
    "train",
    _SALIENCY_MAPS,
    "--saliency_net_dir={work_dir}/saliency --output_dir={output}",
    ("make_saliency",),
)
_MAKE_GUIDES = _Recipe(
    "make_guides_{guide}",
    "train",
    _GUIDES,
    "--guide={labeller} {evidence} --output_dir={output}",
    ("guides",),
)
_EVALUATE_GUIDES = _Recipe(
    "evaluate_guides_{guide}",
    "train",
    _SCORES["guides"],
    "--guides_dir={work_dir}/guides/{guide} {saliency} --output={output}",
    ("evaluate_guides",),
)
_TRAIN_SEGMENTER = _Recipe(
    "train_segmenter_{guide}",
    "train",
    "segmenter/{guide}",
    "--guide={labeller} {evidence} --work_dir={output}",
    ("guides", "segmenter"),
)
_SEGMENT_IMAGES = _Recipe(
    "segment_images_{guide}",
    "val",
    _PREDICTIONS,
    "--segmenter_dir={work_dir}/segmenter/{guide} --output_dir={output}",
    ("segment",),
)
_EVALUATE_SEGMENTER = _Recipe(
    "evaluate_segmenter_{guide}",
    "val",
    _SCORES["segmenters"],
    "--predictions_dir={work_dir}/predictions/{guide} --output={output}",
    ("evaluate_segmenter",),
)
_SEED_ROUND_2 = dataclasses.replace(
    _SEGMENT_IMAGES,
    name="segment_images_{guide}_train",
    images="train",
    output=_SEEDS_ROUND_2,
    flags=f"{_SEGMENT_IMAGES.flags} --only_present",
)
_SEGMENT_IMAGES_TWICE = dataclasses.replace(
    _SEGMENT_IMAGES, flags=f"{_SEGMENT_IMAGES.flags} --crf_dir={{output}}/crf"
)
_EVALUATE_SEGMENTER_CRF = dataclasses.replace(
    _EVALUATE_SEGMENTER,
    name="evaluate_segmenter_{guide}_crf",
    output=_SCORES["crf"],
    flags="--predictions_dir={work_dir}/predictions/{guide}/crf "
    "--output={output}",
)

_SHARED = (_TRAIN_SEEDER, _MAKE_SEEDS, _TRAIN_SALIENCY, _MAKE_SALIENCY)
_OF_A_GUIDE = (_MAKE_GUIDES, _EVALUATE_GUIDES, _TRAIN_SEGMENTER)
_PLAIN = (_SEGMENT_IMAGES, _EVALUATE_SEGMENTER)
_CRF = (_SEGMENT_IMAGES_TWICE, _EVALUATE_SEGMENTER, _EVALUATE_SEGMENTER_CRF)


def plan(settings: Settings) -> list[Stage]:
    """Lists the stages of an experiment, each after those that it needs.

    A stage needs those whose output its command names, whoever put it there.
    A stage that no score needs is left out: guides without saliency want no
    saliency net.
    """
    stages: list[Stage] = []
    candidates = {stage.name: stage for stage in _candidates(settings)}
    for stage in candidates.values():
        needs = [each.name for each in stages if stage.reads(each.output)]
        stages.append(dataclasses.replace(stage, needs=tuple(needs)))
    wanted: set[str] = set()
    for stage in reversed(stages):
        if stage.output.startswith("evaluation/") or stage.name in wanted:
            wanted |= {stage.name, *stage.needs}
    return [stage for stage in stages if stage.name in wanted]


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
        for kind, found in _score_paths(work_dir, stages).items()
    }


def summarize(work_dir: artifacts.Path, stages: Sequence[Stage]) -> dict:
    """Gathers the scores of an experiment and writes summary.json.

    Args:
      work_dir: Folder of the experiment, all of whose stages are done.
      stages: Its plan.

    Returns:
      What summary.json holds: guides and segmenters by name of guide;
      seeders, with mp and map, by name of seeder; crf_rows, mIoU by name of
      seeder and row; full, None if that is not among them; paired, what
      paired.compare tells by "miou" and "miou_crf"; percent_of_full, of G2;
      seconds and settings (the commands) by stage; versions; and reused, the
      stages that were linked. Only the seconds differ between two runs of a
      plan.

    Raises:
      FileNotFoundError: If a score is missing.
    """
    scores = evaluations(work_dir, stages)
    paths = _score_paths(work_dir, stages)
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
        "full": segmenters.get("full"),
        "paired": {
            "miou": paired.compare(paths["segmenters"]),
            "miou_crf": paired.compare(paths["crf"]),
        },
        "percent_of_full": table_2.percent_of_full(segmenters, "g2"),
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


def write_report(
    work_dir: artifacts.Path,
    stages: Sequence[Stage],
    train: schema.Source,
    val: schema.Source,
    num_strips: int = 8,
) -> pathlib.Path:
    """Writes report.html: the tables, bars and pictures of an experiment.

    Of seeders it writes figure_3.png too.

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
    """The confusion matrices that were drawn beside the scores, by guide."""
    paths = _score_paths(work_dir, stages)["segmenters"]
    return {
        guide: picture.read_bytes()
        for guide, path in paths.items()
        if (picture := path.resolve().with_suffix(".png")).is_file()
    }


def _strips(work_dir, stages, train, val, num_strips):
    """The pictures of the report, by "train" and "val"."""
    outputs = [stage.output for stage in stages]
    paths = _score_paths(work_dir, stages)

    def folders(pattern: str) -> dict[str, pathlib.Path]:
        return {
            guide: work_dir / pattern.format(guide=guide)
            for guide in legend.NAMES
            if _SCORES["guides"].format(guide=guide) in outputs
        }

    def ranking(kind: str) -> dict[str, float] | None:
        """The IoU of each image with G2, if that is among the guides."""
        kept = "g2" in paths[kind] and image_areas.read(paths[kind]["g2"])
        return kept.iou() if kept else None

    return {
        "train": strips.guide_strips(
            train,
            folders(_GUIDES),
            work_dir / _SEEDS if _SEEDS in outputs else None,
            work_dir / _SALIENCY_MAPS if _SALIENCY_MAPS in outputs else None,
            num_strips,
            ranking("guides"),
        ),
        "val": strips.prediction_strips(
            val,
            folders(_PREDICTIONS),
            num_strips,
            folders(f"{_PREDICTIONS}/crf") if paths["crf"] else None,
            ranking("segmenters"),
        ),
    }


def _score_paths(
    work_dir: artifacts.Path, stages: Sequence[Stage]
) -> dict[str, dict[str, pathlib.Path]]:
    """The JSON of each evaluation, by kind and name of guide."""
    outputs = [stage.output for stage in stages]
    return {
        kind: {
            guide: pathlib.Path(work_dir, path)
            for guide in legend.NAMES
            if (path := pattern.format(guide=guide)) in outputs
        }
        for kind, pattern in _SCORES.items()
    }


def _candidates(settings: Settings) -> Iterator[Stage]:
    """Yields every stage there could be, their needs still unknown.

    One that two tables share comes twice.
    """
    train, val = settings.images("train"), settings.images("val")
    seeders = tuple(dict.fromkeys(settings.seeders))
    crf_seeders = tuple(dict.fromkeys(settings.crf_seeders))
    yield from table_1.plan(seeders, train, val, settings.more)
    for seeder in crf_seeders:  # Before what may start from their trunks.
        yield table_1.train_seeder(seeder, train, settings.more)
    for recipe in _SHARED:
        yield _stage(recipe, settings)
    yield from table_4_5.plan(
        tuple(dict.fromkeys(settings.crf_rows)),
        crf_seeders,
        train,
        val,
        settings.more,
    )
    for guide in dict.fromkeys(settings.guides):
        parts = sorted(guides.REQUIRES[guide] & _EVIDENCE.keys())
        evidence = {part: _EVIDENCE[part] for part in parts}
        yield from _of_a_guide(settings, guide, guide, evidence)
        if guide == "g2" and settings.rounds == 2:
            yield _stage(_SEED_ROUND_2, settings, guide=guide)
            evidence["seeds"] = f"--seeds_dir={WORK_DIR}/{_SEEDS_ROUND_2}"
            yield from _of_a_guide(settings, ROUND_2, guide, evidence)


def _of_a_guide(settings, guide, labeller, evidence) -> Iterator[Stage]:
    """Yields the stages from evidence to scores.

    Args:
      settings: Of the experiment.
      guide: What the report calls it.
      labeller: Key of guides.GUIDES.
      evidence: Flags by part of the evidence.
    """
    words = {
        "guide": guide,
        "labeller": labeller,
        "evidence": " ".join(evidence.values()),
        "saliency": evidence.get("saliency_mask", ""),
    }
    for recipe in (*_OF_A_GUIDE, *(_CRF if settings.crf else _PLAIN)):
        yield _stage(recipe, settings, **words)


def _stage(
    recipe: _Recipe, settings: Settings, guide: str = "", **words: str
) -> Stage:
    """Fills in a recipe: the guide, and other words of its flags."""
    output = recipe.output.format(guide=guide)
    own = recipe.flags.format(
        work_dir=WORK_DIR, output=f"{WORK_DIR}/{output}", guide=guide, **words
    )
    images = (
        settings.saliency_data
        if recipe.images == "saliency"
        else settings.images(recipe.images)
    )
    more = [
        flag.replace("{guide}", guide)
        for key in recipe.more
        for flag in settings.more.get(key, ())
    ]
    command = (recipe.binary, *images, *own.split(), *more)
    return Stage(recipe.name.format(guide=guide), command, output)


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
