"""What a run says of its data and checks in them before its first step."""

import pathlib
from collections.abc import Mapping
from concurrent import futures

import numpy as np

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import image_files, schema
from guided_segmentation.errors import InputError

# Classes are counted before a run if the label maps of no more images than
# these have to be read for it.
MAX_COUNTED = 1000
_NUM_SHOWN = 3  # Bad files that a message names.
_THREADS = 8


def check_files(source: schema.Source, *, label_maps: bool = True) -> None:
    """Checks the headers of all photographs and label maps.

    The pixels are not read: ten thousand files take a few seconds.

    Args:
      source: Images that are no files are not checked.
      label_maps: Whether to check label maps too: those that exist must have
        the sizes of their photographs.

    Raises:
      ValueError: If some are unreadable; names the first of them and counts
        all.
    """
    if source.photograph is None:
        return
    has_maps = label_maps and source.label_map_file is not None

    def problem(image_id: str) -> str | None:
        path = source.label_map_file(image_id) if has_maps else None
        return _problem(source.photograph(image_id), path, image_id)

    with futures.ThreadPoolExecutor(_THREADS) as pool:
        found = list(filter(None, pool.map(problem, source.image_ids)))
    if found:
        rest = len(found) - _NUM_SHOWN
        more = [f"and {rest} more files"] if rest > 0 else []
        raise InputError(" | ".join([*found[:_NUM_SHOWN], *more]))


def check_label_maps(source: schema.Source) -> None:
    """Checks that the label maps of a split mark objects at all.

    They are read only up to the first that does.

    Args:
      source: With or without label maps.

    Raises:
      ValueError: If none has an object and one holds both 0 and 255.
    """
    if source.label_map_file is None:
        return
    binary = None
    for image_id in source.image_ids:
        path = source.label_map_file(image_id)
        if path is not None:
            label_map = source.label_map(image_id)
            if not labels.ignores_object(label_map) and label_map.any():
                return
            if label_map.any() and not label_map.all():
                binary = binary or path
    if binary:
        raise InputError(
            f"{binary}: wanted class indices from 1 on, found 0 and 255 alone, "
            f"and no object in any label map of the split; 255 means ignored: "
            f"write the class index, such as 1, instead"
        )


def class_counts(source: schema.Source) -> dict[str, int] | None:
    """Counts the images of each class, if that is cheap.

    Args:
      source: Any.

    Returns:
      The number of images by name of the object. None if there are no labels,
      if images would have to be drawn, or if the files of more than
      MAX_COUNTED images would have to be read.

    Raises:
      OSError: If a label map or annotation is missing.
      ValueError: If one is damaged.
    """
    if source.image_labels is None or source.label_set is None:
        return None
    is_small = source.photograph and len(source.image_ids) <= MAX_COUNTED
    if not (source.has_labels_in_memory or is_small):
        return None
    with futures.ThreadPoolExecutor(_THREADS) as pool:
        rows = list(pool.map(source.image_labels, source.image_ids))
    counts = np.sum(rows, axis=0).tolist()
    return dict(zip(source.label_set.objects, counts, strict=True))


def summary(source: schema.Source, counts: Mapping[str, int] | None) -> str:
    """Returns one line that counts images, classes and what is passed over.

    Args:
      source: Any.
      counts: Of class_counts.
    """
    parts = [f"data: {source.name}, {len(source.image_ids)} images"]
    if counts:
        shown = [f"{name} {count}" for name, count in counts.items() if count]
        absent = len(counts) - len(shown)
        shown += [f"{absent} in no image"] if absent else []
        parts.append(f"{len(counts)} classes: {', '.join(shown)}")
    elif source.label_set:
        objects = ", ".join(source.label_set.objects)
        parts.append(f"{source.label_set.num_objects} classes: {objects}")
    if source.passed_over:
        parts.append(f"passed over: {', '.join(source.passed_over)}")
    return "; ".join(parts)


def warnings(counts: Mapping[str, int], num_images: int) -> list[str]:
    """Returns lines about classes from which a classifier learns nothing.

    Args:
      counts: Number of images by class.
      num_images: Number of all images.

    Example:
      >>> print(*warnings({"dog": 2, "cow": 1}, 4))
      warning: cow in one image alone; check the spelling, or add images of it
    """
    everywhere = [name for name, n in counts.items() if n == num_images > 1]
    once = [name for name, n in counts.items() if n == 1 < num_images]
    lines = []
    if everywhere:
        lines.append(
            f"warning: {image_files.listed(everywhere)} in every image; a "
            f"classifier cannot learn it without images that lack it"
        )
    if once:
        lines.append(
            f"warning: {image_files.listed(once)} in one image alone; check "
            f"the spelling, or add images of it"
        )
    return lines


def _problem(
    photograph: pathlib.Path, label_map: pathlib.Path | None, image_id: str
) -> str | None:
    """What is wrong with the files of an image; None if nothing is."""
    try:
        size = artifacts.read_stored_size(photograph)
        found = artifacts.read_stored_size(label_map) if label_map else size
        if found not in (size, size[::-1]):  # Orientations are not read yet.
            size = artifacts.read_size(photograph)
            return (
                f"{label_map}: wanted the height and width of image "
                f"{image_id!r}, {size}, found {found}; replace one of the two"
            )
    except (OSError, ValueError) as error:
        return str(error)
    return None
