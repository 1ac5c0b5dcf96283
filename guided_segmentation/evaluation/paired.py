"""Segmenters of one experiment compared in pairs, on the same images.

As in Tables 2 and 3 of the paper: how much a guide gains over seeds only, and
which percentage of full supervision it reaches; both with an interval.
"""

from collections.abc import Mapping

from guided_segmentation import artifacts
from guided_segmentation.evaluation import bootstrap, image_areas


def compare(scores: Mapping[str, artifacts.Path]) -> dict[str, dict]:
    """Compares each segmenter with those of seeds only and full supervision.

    Args:
      scores: Files of bin/evaluate_segmenter by name of guide.

    Returns:
      By name of guide "over_seeds_only" as bootstrap.difference returns it,
      and "of_full_supervision" as bootstrap.percent does. Segmenters without
      a file of areas are left out.

    Raises:
      ValueError: If the scores differ in number of images.
    """
    found = image_areas.read_kept(scores)
    results: dict[str, dict] = {guide: {} for guide in found}
    for guide, areas in found.items():
        if guide != "seeds_only" and "seeds_only" in found:
            results[guide]["over_seeds_only"] = bootstrap.difference(
                areas, found["seeds_only"]
            )
        if guide != "full" and "full" in found:
            results[guide]["of_full_supervision"] = bootstrap.percent(
                areas, found["full"]
            )
    return results
