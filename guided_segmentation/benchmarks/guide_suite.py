"""Suite "guides": the cost of the dense CRF in G2."""

import dataclasses

import numpy as np

from guided_segmentation import crf, guides
from guided_segmentation.benchmarks import clock
from guided_segmentation.benchmarks.evidence import evidence
from guided_segmentation.benchmarks.settings import DEFAULTS, BenchmarkSettings
from guided_segmentation.datasets import schema
from guided_segmentation.guides import regions
from guided_segmentation.labels import BACKGROUND


def measure(
    source: schema.Source, settings: BenchmarkSettings = DEFAULTS
) -> dict:
    """Measures G2 with and without its dense CRF on the same images.

    Args:
      source: Images with ground truth.
      settings: Settings of the benchmarks.

    Returns:
      The summary of clock.summarize, and `images_with_crf`, the fraction of
      images in which the CRF divides a region.
    """
    evidences = [evidence(source, name) for name in source.image_ids]
    without_crf = dataclasses.replace(guides.PAPER, crf=crf.NONE)

    def label_all(guide_settings):
        for each in evidences:
            guides.g2(each, guide_settings)

    measurements = clock.measure(
        {
            "without_crf": lambda: label_all(without_crf),
            "with_crf": lambda: label_all(guides.PAPER),
        },
        len(evidences),
        settings.repeats,
    )
    fraction = np.mean([needs_crf(each) for each in evidences])
    summary = clock.summarize(measurements)
    return {**summary, "images_with_crf": float(fraction)}


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
