"""Segmenters of one experiment compared in pairs, on the same images.

The question of the paper's tables 2 and 3: what does a guide add to seeds
only, and what does it reach of full supervision? Both with an interval.
"""

from collections.abc import Mapping

from guided_segmentation import artifacts
from guided_segmentation.evaluation import bootstrap, image_areas


def compare(scores: Mapping[str, artifacts.Path]) -> dict[str, dict]:
    """Compares each segmenter with those of seeds only and of full.

    Args:
      scores: By name of guide, what bin/evaluate_segmenter wrote.

    Returns:
      By name of guide "over_seeds_only" as bootstrap.difference returns it,
      and "of_full_supervision" as bootstrap.percent does; without what was
      not scored, or scored before areas were kept.

    Raises:
      ValueError: If the scores are not of as many images.
    """
    found = image_areas.read_kept(scores)
    results: dict[str, dict] = {guide: {} for guide in found}
    for guide, areas in found.items():
        if guide != "seeds_only" and "seeds_only" in found:
            results[guide]["over_seeds_only"] = bootstrap.difference(
                areas, found["seeds_only"]
            )
        if guide != "full_supervision" and "full_supervision" in found:
            results[guide]["of_full_supervision"] = bootstrap.percent(
                areas, found["full_supervision"]
            )
    return results
