"""Checks of image-level labels against classes and masks, and their balance."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from guided_segmentation.datasets.verification.findings import Finding
from guided_segmentation.datasets.verification.layouts import Layout

MIN_IMAGES = 5  # Of a class.
MAX_RATIO = 100  # Images of the most common to those of the rarest class.


def check(
    layout: Layout, in_masks: Mapping[str, set[str]]
) -> Iterator[Finding]:
    """Yields what is wrong with the image-level labels.

    Args:
      layout: The data set.
      in_masks: Names of the objects in each mask that can be read.
    """
    if layout.tags is None or layout.label_set is None:
        return
    known = set(layout.label_set.objects)
    for image_id, names in layout.tags.names.items():
        for name in sorted(set(names) - known):
            text = f"{image_id}: {name!r}"
            yield Finding("tag_outside_classes", text, (image_id,))
        if image_id in in_masks:
            text = _difference(set(names) & known, in_masks[image_id])
            if text:
                text = f"{image_id}: {text}"
                yield Finding("labels_against_mask", text, (image_id,))


def balance(
    layout: Layout, counts: Mapping[str, int], num_images: int
) -> Iterator[Finding]:
    """Yields classes that are too rare or everywhere.

    Args:
      layout: The data set.
      counts: Number of images of each class.
      num_images: Number of images with labels or a mask.
    """
    shown = {name: n for name, n in counts.items() if n}
    for name, count in counts.items():
        if not count and layout.has_listed_classes:
            yield Finding("class_balance", f"{name}: in no image")
        elif 0 < count < MIN_IMAGES:
            yield Finding("class_balance", f"{name}: in {count} images alone")
        if count == num_images > 1:
            yield Finding("class_balance", f"{name}: in every image")
    if shown and max(shown.values()) > MAX_RATIO * min(shown.values()):
        by_count = sorted(shown, key=shown.__getitem__)
        most, least = by_count[-1], by_count[0]
        text = f"{most}: {shown[most]} images, {least}: {shown[least]}"
        yield Finding("class_balance", text)


def count(names: Sequence[set[str]], objects: Sequence[str]) -> dict[str, int]:
    """Counts the images of each class, in the order of the classes.

    Args:
      names: Names of the objects in each image.
      objects: Names of the classes.
    """
    found = Counter(name for each in names for name in each)
    return {name: found[name] for name in objects}


def _difference(tagged: set[str], in_mask: set[str]) -> str:
    parts = {
        "labelled, but not in the mask": tagged - in_mask,
        "in the mask, but not labelled": in_mask - tagged,
    }
    return "; ".join(
        f"{', '.join(sorted(names))} {what}"
        for what, names in parts.items()
        if names
    )
