"""Runs all checks over a data set."""

import dataclasses

from guided_segmentation.datasets.verification import (
    duplicates,
    findings,
    mask_checks,
    photograph_checks,
    scan,
    tag_checks,
)
from guided_segmentation.datasets.verification.layouts import Layout


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found in a data set.

    Attributes:
      layout: The data set.
      findings: Errors first.
      class_counts: Number of images of each class, by split.
    """

    layout: Layout
    findings: list[findings.Finding]
    class_counts: dict[str, dict[str, int]]

    @property
    def has_errors(self) -> bool:
        """Whether a finding is an error."""
        return findings.counts(self.findings)["error"] > 0

    def to_json(self) -> dict:
        """Returns the content of the JSON file."""
        return {
            "dataset": self.layout.name,
            "images": {s: len(i) for s, i in self.layout.splits.items()},
            "class_counts": self.class_counts,
            "counts": findings.counts(self.findings),
            "findings": [
                {
                    "check": each.check,
                    "severity": each.severity,
                    "title": findings.CHECKS[each.check].title,
                    "message": each.message,
                    "images": list(each.images),
                }
                for each in self.findings
            ],
        }


def verify(layout: Layout) -> Verification:
    """Reads all files of a data set and checks them.

    Args:
      layout: Of own_folder.layout or voc_folder.layout.
    """
    facts = list(scan.scan(layout))
    meant = mask_checks.meaning(layout, facts)
    found = list(layout.findings)
    for each in facts:
        found += photograph_checks.check(layout, each)
        found += mask_checks.check(layout, each, meant)
    names = {
        each.image_id: mask_checks.objects(layout, each, meant)
        for each in facts
    }
    in_masks = {
        i: objects for i, objects in names.items() if objects is not None
    }
    found += tag_checks.check(layout, in_masks)
    found += duplicates.check(facts, layout.split_of(), layout.tags)
    counts, balance = _balance(layout, in_masks)
    return Verification(
        layout=layout,
        findings=findings.ordered([*found, *balance]),
        class_counts=counts,
    )


def _balance(
    layout: Layout, in_masks: dict[str, set[str]]
) -> tuple[dict[str, dict[str, int]], list[findings.Finding]]:
    """Counts classes by tags, or else by masks."""
    shown = in_masks
    if layout.tags is not None and layout.tags.names:
        shown = {i: set(names) for i, names in layout.tags.names.items()}
    if layout.label_set is None or not shown:
        return {}, []
    objects = layout.label_set.objects
    counts = {
        split: tag_checks.count([shown[i] for i in ids if i in shown], objects)
        for split, ids in layout.splits.items()
    }
    total = tag_checks.count(list(shown.values()), objects)
    return counts, list(tag_checks.balance(layout, total, len(shown)))
