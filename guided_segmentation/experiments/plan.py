"""The stages of an experiment, each after those that it needs."""

import dataclasses
from collections.abc import Iterator, Mapping

from guided_segmentation import guides
from guided_segmentation.experiments import table_1, table_4_5
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.experiments.settings import Settings
from guided_segmentation.experiments.stage_flags import StageTemplate

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

_TRAIN_SEEDER = StageTemplate(
    name="train_seeder",
    binary="train_seeder",
    split="train",
    output="seeder",
    flags="--work_dir={output}",
    more=("seeder",),
    files=("seeder",),
)
_MAKE_SEEDS = StageTemplate(
    name="make_seeds",
    binary="make_seeds",
    split="train",
    output=SEEDS,
    flags="--seeder_dir={work_dir}/seeder --output_dir={output}",
    more=("seeds",),
    files=("seeds",),
)
_TRAIN_SALIENCY = StageTemplate(
    name="train_saliency",
    binary="train_saliency",
    split="saliency",
    output="saliency",
    flags="--work_dir={output}",
    more=("saliency",),
    files=("saliency",),
)
_MAKE_SALIENCY = StageTemplate(
    name="make_saliency",
    binary="make_saliency",
    split="train",
    output=SALIENCY_MAPS,
    flags="--saliency_net_dir={work_dir}/saliency --output_dir={output}",
    more=("saliency_maps",),
    files=("saliency_maps",),
)
_MAKE_GUIDES = StageTemplate(
    name="make_guides_{guide}",
    binary="make_guides",
    split="train",
    output=GUIDES,
    flags="--guide={labeller} {evidence} --output_dir={output}",
    more=("guides",),
    files=("guides",),
)
_EVALUATE_GUIDES = StageTemplate(
    name="evaluate_guides_{guide}",
    binary="evaluate_guides",
    split="train",
    output=SCORES["guides"],
    flags="--guides_dir={work_dir}/guides/{guide} {saliency} --output={output}",
    more=("guide_scores",),
    files=("guide_scores",),
)
_TRAIN_SEGMENTER = StageTemplate(
    name="train_segmenter_{guide}",
    binary="train_segmenter",
    split="train",
    output="segmenter/{guide}",
    flags="--guide={labeller} {evidence} --work_dir={output}",
    more=("guides", "segmenter"),
    files=("segmenter",),
)
_SEGMENT_IMAGES = StageTemplate(
    name="segment_images_{guide}",
    binary="segment_images",
    split="val",
    output=PREDICTIONS,
    flags="--segmenter_dir={work_dir}/segmenter/{guide} --output_dir={output}",
    more=("predictions",),
    files=("predictions",),
)
_EVALUATE_SEGMENTER = StageTemplate(
    name="evaluate_segmenter_{guide}",
    binary="evaluate_segmenter",
    split="val",
    output=SCORES["segmenters"],
    flags="--predictions_dir={work_dir}/predictions/{guide} --output={output}",
    more=("segmenter_scores",),
    files=("segmenter_scores",),
)
_SEED_ROUND_2 = dataclasses.replace(
    _SEGMENT_IMAGES,
    name="segment_images_{guide}_train",
    split="train",
    output=SEEDS_ROUND_2,
    flags=f"{_SEGMENT_IMAGES.flags} --only_present",
    more=("predictions", "seeds_round2"),
    files=("seeds_round2", "predictions"),
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

    A stage needs those whose output its command names, whether a template or
    the user put it there. Stages that no evaluation needs are left out: guides
    without saliency want no saliency net.

    Args:
      settings: Of the experiment.

    Returns:
      The stages in the order to run them in.

    Raises:
      FileNotFoundError: If there are flagfiles, but none for one of the
        stages.
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
    found = [stage for stage in stages if stage.name in wanted]
    _require_flagfiles(found)
    return found


def _require_flagfiles(stages: list[Stage]) -> None:
    for stage in stages:
        if stage.lacks:
            raise FileNotFoundError(
                f"--stage_flags: wanted {stage.lacks} for stage {stage.name}, "
                f"found no such file in the folders given; add it, or the "
                f"folder of an experiment that has it"
            )


def _candidates(settings: Settings) -> Iterator[Stage]:
    """Yields every stage there could be, their needs still unknown.

    One that two tables share comes twice.
    """
    crf_seeders = tuple(dict.fromkeys(settings.crf_seeders))
    yield _TRAIN_SEEDER.fill(settings)  # Before what starts from its trunk.
    yield from table_1.plan(tuple(dict.fromkeys(settings.seeders)), settings)
    for seeder in crf_seeders:  # Before what may start from their trunks.
        yield table_1.train_seeder(seeder, settings)
    for template in _SHARED:
        yield template.fill(settings)
    yield from table_4_5.plan(
        tuple(dict.fromkeys(settings.crf_rows)), crf_seeders, settings
    )
    for guide in dict.fromkeys(settings.guides):
        yield from _of_a_guide(settings, guide, guide, _EVIDENCE)
        if guide == "g2" and settings.rounds == 2:
            yield _SEED_ROUND_2.fill(settings, guide=guide)
            predicted = f"--seeds_dir={WORK_DIR}/{SEEDS_ROUND_2}"
            evidence = {**_EVIDENCE, "seeds": predicted}
            yield from _of_a_guide(
                settings, ROUND_2, settings.second_guide, evidence
            )


def _of_a_guide(
    settings: Settings, guide: str, labeller: str, evidence: Mapping[str, str]
) -> Iterator[Stage]:
    """Yields the stages from evidence to scores.

    Args:
      settings: Of the experiment.
      guide: What the report calls it.
      labeller: Key of guides.GUIDES.
      evidence: Flags by part of the evidence; those that the labeller requires
        are used.
    """
    parts = sorted(guides.REQUIRES[labeller] & evidence.keys())
    used = {part: evidence[part] for part in parts}
    words = {
        "guide": guide,
        "labeller": labeller,
        "evidence": " ".join(used.values()),
        "saliency": used.get("saliency_mask", ""),
    }
    for template in (*_OF_A_GUIDE, *(_CRF if settings.crf else _PLAIN)):
        yield template.fill(settings, **words)
