"""Flags of the binaries that make guides. Only they import this module."""

import dataclasses
from collections.abc import Callable
from typing import Any

from absl import flags

from guided_segmentation import crf, guides
from guided_segmentation.command_line import data_flags, network_flags, parsers
from guided_segmentation.datasets import schema
from guided_segmentation.guides import labelling
from guided_segmentation.networks import region_logits, weights
from guided_segmentation.seeders import backprop

SEEDS_DIR = flags.DEFINE_string(
    "seeds_dir", None, "Folder of seeds, written by bin/make_seeds."
)
CLASSIFIER_DIR = flags.DEFINE_string(
    "classifier_dir",
    None,
    "Folder of bin/train_seeder's run with --seeder=vgg16 (G1).",
)
GUIDE_PRESET = flags.DEFINE_enum(
    "guide_preset",
    "paper",
    list(guides.PRESETS),
    "Values of the guide flags that are not given. paper: "
    "--seed_min_area=0.01 --in_doubt=ignore --unary=log --crf_extent=region; "
    "released, as the authors' implementation: --seed_min_area=25px "
    "--in_doubt=background --unary=prob --crf_extent=image; both: "
    "--background_min_area=25px --saliency_min_area=0.01 --no_gain=largest "
    "--guide_crf=deeplab.",
)


class AreaParser(flags.ArgumentParser):
    """An area that guides.Area accepts."""

    syntactic_help = "pixels, such as 25px, or a fraction, such as 0.01"

    def parse(self, argument: str) -> guides.Area:
        """Checks the area and returns it.

        Raises:
          ValueError: If it is none.
        """
        return guides.Area(argument)

    def flag_type(self) -> str:
        """Returns the name of the type."""
        return "area"


def _define_area(name: str, text: str) -> flags.FlagHolder:
    serializer: flags.ArgumentSerializer = flags.ArgumentSerializer()
    return flags.DEFINE(AreaParser(), name, None, text, serializer=serializer)


SEED_MIN_AREA = _define_area(
    "seed_min_area",
    "Smallest area of a seed component of an object; smaller ones are in "
    "doubt (G2).",
)
BACKGROUND_MIN_AREA = _define_area(
    "background_min_area",
    "Smallest area of a component of the seeds' background; smaller ones are "
    "in doubt (G2).",
)
SALIENCY_MIN_AREA = _define_area(
    "saliency_min_area",
    "Smallest area of a salient region; smaller ones are in doubt (G1, G2).",
)
IN_DOUBT = flags.DEFINE_enum(
    "in_doubt",
    None,
    guides.CHOICES["in_doubt"],
    "Label of pixels for which the evidence gives none (G1, G2, OAA).",
)
NO_GAIN = flags.DEFINE_enum(
    "no_gain",
    None,
    guides.CHOICES["no_gain"],
    "A region that raises no class score gets the class whose score drops "
    "least, or is ignored (G1).",
)
UNARY = flags.DEFINE_enum(
    "unary",
    None,
    guides.CHOICES["unary"],
    "How blurred seeds become unary energies where several classes have seeds "
    "in one region (G2).",
)
GUIDE_CRF = flags.DEFINE(
    parsers.CrfParser(),
    "guide_crf",
    None,
    "Dense CRF that divides a salient region among several classes (G2).",
    serializer=flags.ArgumentSerializer(),
)
CRF_EXTENT = flags.DEFINE_enum(
    "crf_extent",
    None,
    guides.CHOICES["crf_extent"],
    "Pixels that this CRF sees (G2).",
)


def settings() -> guides.GuideSettings:
    """Returns the preset's settings, changed by the flags that are given."""
    given: dict[str, Any] = {
        "seed_min_area": SEED_MIN_AREA.value,
        "background_min_area": BACKGROUND_MIN_AREA.value,
        "saliency_min_area": SALIENCY_MIN_AREA.value,
        "in_doubt": IN_DOUBT.value,
        "no_gain": NO_GAIN.value,
        "unary": UNARY.value,
        "crf": GUIDE_CRF.value and crf.named(GUIDE_CRF.value),
        "crf_extent": CRF_EXTENT.value,
    }
    return dataclasses.replace(
        guides.PRESETS[GUIDE_PRESET.value],
        **{name: value for name, value in given.items() if value is not None},
    )


def labeller(guide: str, source: schema.Source) -> labelling.Labeller:
    """Builds the labeller of a guide from the evidence that the flags name.

    Raises:
      ValueError: If evidence is missing, or if the classifier is another
        network or was trained for other objects.
    """
    return labelling.labeller(
        guide,
        source,
        seeds_dir=SEEDS_DIR.value,
        saliency_dir=data_flags.SALIENCY_DIR.value,
        classifier=_classifier(source),
        settings=settings(),
    )


def made(guide: str) -> dict:
    """Returns the settings to record in a folder of guides."""
    classifier = {}
    if CLASSIFIER_DIR.value and "classifier" in guides.REQUIRES[guide]:
        found = weights.sha256(CLASSIFIER_DIR.value)
        classifier = {"classifier_sha256": found}
    return {"guide": guide, **classifier, **dataclasses.asdict(settings())}


def evidence() -> list[str]:
    """Returns the flags of the evidence, for another command."""
    holders = (SEEDS_DIR, CLASSIFIER_DIR, data_flags.SALIENCY_DIR, GUIDE_PRESET)
    return [f"--{each.name}={each.value}" for each in holders if each.present]


def _classifier(source: schema.Source) -> Callable | None:
    """The classifier of G1, if the flags name one."""
    if CLASSIFIER_DIR.value is None:
        return None
    network, trained = network_flags.trained(CLASSIFIER_DIR.value)
    backprop.require_classifier(network)
    network_flags.require_objects(trained, source)
    return region_logits.classifier(network, trained["input_size"])
