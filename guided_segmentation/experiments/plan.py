"""The stages of an experiment, each after those that it needs."""

import dataclasses
from collections.abc import Iterator

from guided_segmentation import guides
from guided_segmentation.experiments import table_1, table_4_5
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.experiments.settings import Settings

# Outputs of the stages that are read here, relative to the work_dir.
SEEDS = "seeds"
SEEDS_ROUND_2 = "seeds_round2"
SALIENCY_MAPS = "saliency_maps"
GUIDES = "guides/{guide}"
PREDICTIONS = "predictions/{guide}"
SCORES = {
    "guides": "evaluation/guides_{guide}.json",
    "segmenters": "evaluation/segmenter_{guide}.json",
    "crf": "evaluation/segmenter_{guide}_crf.json",
}

ROUND_2 = "g2_round2"

_EVIDENCE = {
    "classifier": f"--classifier_dir={WORK_DIR}/seeders/vgg16",
    "seeds": f"--seeds_dir={WORK_DIR}/{SEEDS}",
    "saliency_mask": f"--saliency_dir={WORK_DIR}/{SALIENCY_MAPS}",
}


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
    SEEDS,
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
    SALIENCY_MAPS,
    "--saliency_net_dir={work_dir}/saliency --output_dir={output}",
    ("make_saliency",),
)
_MAKE_GUIDES = _Recipe(
    "make_guides_{guide}",
    "train",
    GUIDES,
    "--guide={labeller} {evidence} --output_dir={output}",
    ("guides",),
)
_EVALUATE_GUIDES = _Recipe(
    "evaluate_guides_{guide}",
    "train",
    SCORES["guides"],
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
    PREDICTIONS,
    "--segmenter_dir={work_dir}/segmenter/{guide} --output_dir={output}",
    ("segment",),
)
_EVALUATE_SEGMENTER = _Recipe(
    "evaluate_segmenter_{guide}",
    "val",
    SCORES["segmenters"],
    "--predictions_dir={work_dir}/predictions/{guide} --output={output}",
    ("evaluate_segmenter",),
)
_SEED_ROUND_2 = dataclasses.replace(
    _SEGMENT_IMAGES,
    name="segment_images_{guide}_train",
    images="train",
    output=SEEDS_ROUND_2,
    flags=f"{_SEGMENT_IMAGES.flags} --only_present",
    more=(*_SEGMENT_IMAGES.more, "second_seeds"),
)
_SEGMENT_IMAGES_TWICE = dataclasses.replace(
    _SEGMENT_IMAGES, flags=f"{_SEGMENT_IMAGES.flags} --crf_dir={{output}}/crf"
)
_EVALUATE_SEGMENTER_CRF = dataclasses.replace(
    _EVALUATE_SEGMENTER,
    name="evaluate_segmenter_{guide}_crf",
    output=SCORES["crf"],
    flags="--predictions_dir={work_dir}/predictions/{guide}/crf "
    "--output={output}",
)

_SHARED = (_MAKE_SEEDS, _TRAIN_SALIENCY, _MAKE_SALIENCY)
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


def _candidates(settings: Settings) -> Iterator[Stage]:
    """Yields every stage there could be, their needs still unknown.

    One that two tables share comes twice.
    """
    train, val = settings.images("train"), settings.images("val")
    seeders = tuple(dict.fromkeys(settings.seeders))
    crf_seeders = tuple(dict.fromkeys(settings.crf_seeders))
    yield _stage(_TRAIN_SEEDER, settings)  # Before what starts from its trunk.
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
        yield from _of_a_guide(settings, guide, guide, _EVIDENCE)
        if guide == "g2" and settings.rounds == 2:
            yield _stage(_SEED_ROUND_2, settings, guide=guide)
            predicted = f"--seeds_dir={WORK_DIR}/{SEEDS_ROUND_2}"
            evidence = {**_EVIDENCE, "seeds": predicted}
            yield from _of_a_guide(
                settings, ROUND_2, settings.second_guide, evidence
            )


def _of_a_guide(settings, guide, labeller, evidence) -> Iterator[Stage]:
    """Yields the stages from evidence to scores.

    Args:
      settings: Of the experiment.
      guide: What the report calls it.
      labeller: Key of guides.GUIDES.
      evidence: Flags by part of the evidence; it takes those it requires.
    """
    parts = sorted(guides.REQUIRES[labeller] & evidence.keys())
    taken = {part: evidence[part] for part in parts}
    words = {
        "guide": guide,
        "labeller": labeller,
        "evidence": " ".join(taken.values()),
        "saliency": taken.get("saliency_mask", ""),
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
