"""Suite "guides": G2 beside a plain version, and the cost of its dense CRF."""

import functools

import numpy as np

from guided_segmentation import guides
from guided_segmentation.benchmarks import clock
from guided_segmentation.benchmarks.evidence import evidence
from guided_segmentation.benchmarks.plain_g2 import plain_g2
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.guides import regions
from guided_segmentation.labels import BACKGROUND


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures G2 and `plain_g2` on images that need no CRF, and the others.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize, `images_with_crf`, the fraction of
      images in which the CRF divides a region, and `g2_to_plain`, how many
      times as fast as the plain version G2 is on those images and on the
      others, if there are any, and `references` for `baseline.slower`.
    """
    evidences = [evidence(source, name) for name in source.image_ids]
    with_crf = [each for each in evidences if needs_crf(each)]
    groups = {
        "without_crf": [each for each in evidences if not needs_crf(each)],
        "with_crf": with_crf,
    }
    parts = {
        f"{version.__name__}_{group}": functools.partial(_label, version, some)
        for group, some in groups.items()
        if some
        for version in (guides.g2, plain_g2)
    }
    rates = {
        name: [len(part.args[1]) * each for each in calls]
        for (name, part), calls in zip(
            parts.items(),
            clock.measure(parts, 1, settings.repeats).values(),
            strict=True,
        )
    }
    ratios = {
        group: float(
            np.median(
                np.divide(rates[f"g2_{group}"], rates[f"plain_g2_{group}"])
            )
        )
        for group, some in groups.items()
        if some
    }
    return {
        **clock.summarize(rates),
        "images_with_crf": len(with_crf) / len(evidences),
        "g2_to_plain": ratios,
        "references": {f"g2_{name}": f"plain_g2_{name}" for name in ratios},
    }


def _label(version, evidences) -> None:
    for each in evidences:
        version(each)


def needs_crf(
    evidence: guides.Evidence, settings: guides.GuideSettings = guides.PAPER
) -> bool:
    """Returns whether seeds of several classes touch one salient region.

    Args:
      evidence: Input of a guide labeller.
      settings: Minimum areas of regions and seeds.
    """
    numbers = regions.salient_regions(evidence.saliency_mask, settings)
    parts, classes = regions.seed_components(
        evidence.seeds, evidence.image_labels, settings
    )
    touches = regions.intersecting(numbers, parts)
    return any(
        np.setdiff1d(classes[row], [BACKGROUND]).size > 1 for row in touches
    )
