"""The page of what bin/verify_dataset finds."""

import pathlib
from collections.abc import Iterator, Sequence

from guided_segmentation import artifacts, visualize
from guided_segmentation.datasets.verification import findings, verify
from guided_segmentation.report import templates

MAX_SHOWN = 50  # Findings of one kind that the page lists; JSON has all.
MAX_PICTURES = 8  # Of one kind.
_PICTURE_PX = 110  # Height.


def write(
    path: artifacts.Path, verification: verify.Verification, command: str
) -> None:
    """Writes the page.

    Args:
      path: The HTML file.
      verification: What was found.
      command: The command that made it.
    """
    layout = verification.layout
    page = templates.render(
        "report/templates/verification_page.html.jinja",
        dataset=layout.name,
        num_images=len(layout.photographs),
        num_masks=len(layout.masks),
        num_classes=layout.label_set.num_objects if layout.label_set else 0,
        counts=findings.counts(verification.findings),
        sections=list(_sections(verification)),
        splits={split: len(ids) for split, ids in layout.splits.items()},
        classes=_classes(verification),
        command=command,
    )
    artifacts.write_bytes(path, page.encode())


def _sections(verification: verify.Verification) -> Iterator[dict]:
    """Yields the findings of each check, errors first."""
    for name, check in findings.CHECKS.items():
        found = [e for e in verification.findings if e.check == name]
        if found:
            yield {
                "severity": check.severity,
                "title": check.title,
                "advice": check.advice,
                "num_findings": len(found),
                "messages": [each.message for each in found[:MAX_SHOWN]],
                "pictures": _pictures(verification, found),
            }


def _pictures(
    verification: verify.Verification, found: Sequence[findings.Finding]
) -> list[dict]:
    """Returns small pictures of the first photographs that can be read."""
    shown: dict[str, str] = {}
    photographs = verification.layout.photographs
    for image_id in (each for finding in found for each in finding.images):
        if len(shown) == MAX_PICTURES:
            break
        if image_id in photographs and image_id not in shown:
            source = _source(photographs[image_id])
            if source is not None:
                shown[image_id] = source
    return [{"title": i, "source": source} for i, source in shown.items()]


def _source(path: pathlib.Path) -> str | None:
    """Encodes a photograph as the URI of a small JPEG, if it can be read."""
    try:
        image = artifacts.read_image(path)
    except (OSError, ValueError):
        return None
    small = visualize.resize_to_height(image, _PICTURE_PX)
    return templates.data_uri("jpeg", visualize.jpeg(small))


def _classes(verification: verify.Verification) -> list[dict]:
    """Returns how many images of each split show each class that occurs."""
    counts = verification.class_counts
    label_set = verification.layout.label_set
    if not counts or label_set is None:
        return []
    totals = {
        name: sum(by_class[name] for by_class in counts.values())
        for name in label_set.objects
    }
    most = max(totals.values()) or 1
    return [
        {
            "name": name,
            "counts": [by_class[name] for by_class in counts.values()],
            "fraction": total / most,
        }
        for name, total in totals.items()
        if total or verification.layout.has_listed_classes
    ]
