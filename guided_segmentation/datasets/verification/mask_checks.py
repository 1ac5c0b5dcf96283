"""Checks of masks against classes, photographs and image-level labels."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from guided_segmentation import labels
from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.datasets.verification.layouts import Layout
from guided_segmentation.datasets.verification.scan import Facts, MaskFacts

MAX_IGNORED = 0.5  # Fraction of the pixels.


class Meaning(NamedTuple):
    """What the values of all masks together mean.

    Attributes:
      is_binary: Whether 255 is the only object, as mask_folders.Masks decides
        it.
      has_objects: Whether a mask holds an object.
    """

    is_binary: bool
    has_objects: bool


def meaning(layout: Layout, found: Sequence[Facts]) -> Meaning:
    """Decides what the values of all masks mean."""
    values = {
        value for each in found if each.mask for value in each.mask.counts
    }
    has_objects = bool(values - {labels.BACKGROUND, labels.IGNORE})
    is_binary = (
        layout.name == "folder"
        and layout.table is None
        and layout.label_set is not None
        and layout.label_set.num_objects == 1
        and labels.IGNORE in values
        and not has_objects
    )
    return Meaning(is_binary, has_objects)


def check(layout: Layout, found: Facts, meant: Meaning) -> Iterator[Finding]:
    """Yields what is wrong with the mask of an image.

    Args:
      layout: The data set.
      found: Facts of the photograph.
      meant: Of `meaning`.
    """
    mask, ids = found.mask, (found.image_id,)
    if mask is None:
        if layout.masks:
            yield Finding("unmasked", found.image_id, ids)
        return
    if mask.problem is not None:
        yield Finding("mask_unreadable", mask.problem, ids)
        return
    if found.problem is None and mask.size != found.size:
        yield Finding("mask_size", _sizes(found, mask), ids)
    if meant.is_binary:
        return
    yield from _values(layout, found, mask, meant)
    ignored = mask.counts.get(labels.IGNORE, 0) / sum(mask.counts.values())
    if ignored > MAX_IGNORED:
        text = f"{mask.path}: {100 * ignored:.0f} % are 255"
        yield Finding("ignored", text, ids)


def objects(layout: Layout, found: Facts, meant: Meaning) -> set[str] | None:
    """Returns the names of the objects in a mask; None if they are unknown."""
    if found.mask is None or found.mask.problem or layout.label_set is None:
        return None
    classes = layout.label_set.classes
    indices = set(found.mask.counts)
    if meant.is_binary and labels.IGNORE in indices:
        indices.add(1)
    return {classes[i] for i in indices if 0 < i < len(classes)}


def _values(
    layout: Layout, found: Facts, mask: MaskFacts, meant: Meaning
) -> Iterator[Finding]:
    if layout.label_set is None:
        return
    num_classes = layout.label_set.num_classes
    outside = [v for v in mask.counts if num_classes <= v < labels.IGNORE]
    ids = (found.image_id,)
    if outside:
        text = (
            f"{mask.path}: {', '.join(map(str, outside))}, wanted 0 to "
            f"{num_classes - 1} or {labels.IGNORE}"
        )
        yield Finding("mask_values", text, ids)
    tagged = layout.tags and layout.tags.names.get(found.image_id)
    is_expected = (tagged and num_classes == 2) or not meant.has_objects
    if is_expected and set(mask.counts) == {labels.BACKGROUND, labels.IGNORE}:
        yield Finding("mask_binary", str(mask.path), ids)


def _sizes(found: Facts, mask: MaskFacts) -> str:
    """Names both sizes as width x height."""
    shown = [f"{width} x {height}" for height, width in (mask.size, found.size)]
    text = f"{mask.path}: {shown[0]}, its photograph {shown[1]}"
    if found.header and found.header.size == mask.size:
        text += ", before its EXIF orientation turns it upright"
    return text
