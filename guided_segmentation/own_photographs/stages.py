"""The stages of make_masks: which binaries run, with which flags."""

import dataclasses
from collections.abc import Mapping, Sequence

from guided_segmentation.experiments import flagfiles
from guided_segmentation.experiments.ledger import WORK_DIR, Stage
from guided_segmentation.own_photographs import sets
from guided_segmentation.own_photographs.settings import Settings

TRAINING = "data/{digest}"  # Of the photographs that the networks learn from.
ALL = "data/all"  # Of those that get masks.
FEATURES = "features"  # Of the frozen layers, while they are needed.

# Further flags that reach a stage, which win.
MORE = {
    "seeder": "train_seeder",
    "seeds": "make_seeds",
    "saliency_maps": "make_saliency",
    "guides": "make_guides and train_segmenter",
    "segmenter": "train_segmenter",
    "masks": "segment_images",
}


def plan(
    settings: Settings,
    digest: str,
    more: Mapping[str, Sequence[str]] | None = None,
) -> list[Stage]:
    """Lists the stages, each after those that it needs.

    Args:
      settings: Of all stages.
      digest: Of the photographs to learn from, from `sets.digest`.
      more: Further flags, by the keys of MORE.
    """
    more = more or {}
    training = TRAINING.format(digest=digest)
    stages = [
        *(_of_seeds(settings, training, more) if settings.has_seeder else ()),
        *_of_saliency(settings, more),
        *_of_segmenter(settings, training, more),
        _masks(settings, more),
        _export(settings),
    ]
    return list(_with_needs(stages))


def saliency_maps(settings: Settings, folder: str = ALL) -> str:
    """Returns the folder of the saliency maps, relative to the output.

    Args:
      settings: Of all stages.
      folder: Of the set of photographs, relative to the output.
    """
    if settings.saliency.startswith("dir:"):
        return f"{folder}/{sets.SALIENCY}"
    return "saliency_maps"


def _with_needs(stages: Sequence[Stage]):
    done: list[Stage] = []
    for stage in stages:
        needs = tuple(each.name for each in done if stage.reads(each.output))
        done.append(dataclasses.replace(stage, needs=needs))
    return done


def _of_seeds(settings, training, more):
    yield _stage(
        "train_seeder",
        "seeder",
        [
            *_data(training),
            *_network(settings),
            f"--trunk_weights={settings.trunk_weights}",
            f"--seeder={settings.seeder}",
            f"--learning_rate={settings.learning_rate:g}",
            f"--batch_size={settings.seeder_batch_size}",
            f"--num_steps={settings.seeder_steps}",
            *_score_start(settings),
        ],
        more.get("seeder", ()),
        output_flag="work_dir",
    )
    yield _stage(
        "make_seeds",
        "seeds",
        [
            *_data(training),
            f"--precision={settings.precision}",
            f"--seeder_dir={WORK_DIR}/seeder",
            f"--threshold={settings.threshold:g}",
        ],
        more.get("seeds", ()),
    )


def _of_saliency(settings, more):
    if settings.saliency.startswith("dir:"):
        return
    yield _stage(
        "make_saliency",
        "saliency_maps",
        [
            *_data(ALL),
            f"--saliency={settings.saliency}",
            *_precision_of_builtin(settings),
        ],
        more.get("saliency_maps", ()),
    )


def _precision_of_builtin(settings):
    is_own = settings.saliency == "builtin"
    return [f"--precision={settings.precision}"] if is_own else []


def _of_segmenter(settings, training, more):
    evidence = _evidence(settings, training)
    yield _stage(
        "make_guides",
        "guides",
        [*_data(training), *evidence],
        more.get("guides", ()),
    )
    start = f"{WORK_DIR}/seeder"
    yield _stage(
        "train_segmenter",
        "segmenter",
        [
            *_data(training),
            *_network(settings),
            *evidence,
            "--guide_cache=file",
            f"--guides_dir={WORK_DIR}/guides",
            "--trunk_weights="
            + (start if settings.has_seeder else settings.trunk_weights),
            f"--learning_rate={settings.learning_rate / 2:g}",
            "--head_lr_multiplier=20",
            f"--batch_size={settings.segmenter_batch_size}",
            f"--num_steps={settings.segmenter_steps}",
            f"--train_scales={_listed(settings.train_scales)}",
            f"--crf_loss={settings.crf_loss}",
        ],
        (*more.get("guides", ()), *more.get("segmenter", ())),
        output_flag="work_dir",
    )


def _masks(settings, more):
    return _stage(
        "segment_images",
        "masks",
        [
            *_data(ALL),
            f"--precision={settings.precision}",
            f"--segmenter_dir={WORK_DIR}/segmenter",
            "--only_present",
            f"--saliency_dir={WORK_DIR}/{saliency_maps(settings)}",
            f"--saliency_weight={settings.saliency_weight:g}",
            *_features(settings),
            f"--scales={_listed(settings.scales)}",
            *(["--flip"] if settings.flip else []),
            f"--crf={settings.crf}",
        ],
        more.get("masks", ()),
    )


def _features(settings):
    if not settings.predicts_from_features:
        return []
    return ["--nodense_scores", f"--features_dir={WORK_DIR}/{FEATURES}"]


def _export(settings):
    return _stage(
        "export_model",
        "model",
        [
            f"--segmenter_dir={WORK_DIR}/segmenter",
            f"--scales={_listed(settings.scales)}",
            *(["--flip"] if settings.flip else []),
            "--name=segmenter",
            "--version=1",
        ],
    )


def _data(folder):
    return [
        "--dataset=folder",
        f"--data_dir={WORK_DIR}/{folder}/{sets.PHOTOGRAPHS}",
        f"--image_labels=jsonl:{WORK_DIR}/{folder}/{sets.TAGS}",
    ]


def _network(settings):
    frozen = settings.freeze_through
    return [
        f"--precision={settings.precision}",
        f"--framing={settings.framing}",
        f"--input_size={settings.input_size}",
        f"--width_multiplier={settings.width_multiplier:g}",
        f"--head_channels={settings.head_channels}",
        *([] if frozen == "none" else [f"--freeze_through={frozen}"]),
        f"--features_dir={WORK_DIR}/{FEATURES}",
        "--data_dependent_init",
        "--pooling=2x2",
        "--stride=16",
        "--optimizer=adam",
        "--schedule=poly",
        "--head_layers=fc6,fc7,fc8,score",
        "--weight_decay=0",
        "--checkpoint_steps=50",
        f"--seed={settings.seed}",
    ]


def _score_start(settings):
    """Without pretrained weights small scores would hold learning up."""
    is_pretrained = settings.trunk_weights != "none"
    return [] if is_pretrained else ["--score_init_stddev=1", "--dropout=0"]


def _evidence(settings, training):
    seeds = [f"--seeds_dir={WORK_DIR}/seeds"] if settings.has_seeder else []
    return [
        f"--guide={settings.guide}",
        *seeds,
        f"--saliency_dir={WORK_DIR}/{saliency_maps(settings, training)}",
    ]


def _stage(binary, output, arguments, more=(), output_flag="output_dir"):
    """A stage; further flags replace those of the same name."""
    replaced = [flagfiles.flag_name(flag) for flag in more]
    return Stage(
        binary,
        (
            binary,
            *flagfiles.without(arguments, replaced),
            *more,
            f"--{output_flag}={WORK_DIR}/{output}",
        ),
        output,
    )


def _listed(scales):
    return ",".join(f"{scale:g}" for scale in scales)
