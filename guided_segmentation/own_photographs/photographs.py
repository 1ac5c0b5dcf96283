"""The tagged photographs of a folder: which there are, and which are usable."""

import dataclasses
import functools
import statistics
from collections.abc import Mapping
from concurrent import futures

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import folder, image_files, schema
from guided_segmentation.errors import InputError

_THREADS = 8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photograph:
    """One photograph that can be read.

    Attributes:
      digest: Differs if the file changes: its size in bytes.
      size: Height and width in pixels, upright.
      tags: Objects that it shows, in the order of the label set.
    """

    digest: str
    size: tuple[int, int]
    tags: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photographs:
    """The photographs of a user.

    Attributes:
      source: Reads them; it may have more than `by_id`.
      label_set: The classes.
      by_id: Those that can be used, by image id.
      passed_over: What is not used, and why, one phrase each.
    """

    source: schema.Source
    label_set: labels.LabelSet
    by_id: Mapping[str, Photograph]
    passed_over: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.by_id)

    @functools.cached_property
    def counts(self) -> dict[str, int]:
        """Number of photographs by name of the object, without those of 0."""
        counts = dict.fromkeys(self.label_set.objects, 0)
        for photograph in self.by_id.values():
            for tag in photograph.tags:
                counts[tag] += 1
        return {name: count for name, count in counts.items() if count}

    @property
    def one_tag(self) -> list[str]:
        """Ids of the photographs with at most one tag."""
        return [
            image_id
            for image_id, photograph in self.by_id.items()
            if len(photograph.tags) <= 1
        ]

    @property
    def median_pixels(self) -> int:
        """Pixels of a photograph, the median."""
        areas = [each.size[0] * each.size[1] for each in self.by_id.values()]
        return int(statistics.median(areas))

    def only(self, image_ids: list[str]) -> "Photographs":
        """Returns some of the photographs.

        Args:
          image_ids: Of `by_id`.
        """
        chosen = {image_id: self.by_id[image_id] for image_id in image_ids}
        return dataclasses.replace(self, by_id=chosen)

    def known_to(self, label_set: labels.LabelSet) -> "Photographs":
        """Returns the photographs whose tags a segmenter knows.

        Args:
          label_set: The segmenter's classes, which the result has too.

        Raises:
          InputError: If there are none.
        """
        unknown: dict[str, str] = {}
        for image_id, each in self.by_id.items():
            for tag in set(each.tags) - set(label_set.objects):
                unknown[image_id] = tag
        known = {i: x for i, x in self.by_id.items() if i not in unknown}
        passed_over = self.passed_over
        if unknown:
            tags = sorted(set(unknown.values()))
            passed_over += (
                f"tagged with what the segmenter has not learned "
                f"({image_files.listed(tags)}): {len(unknown)} "
                f"({image_files.listed(unknown)}), --retrain learns it",
            )
        if not known:
            raise InputError(f"no photograph is left; {passed_over[-1]}")
        return dataclasses.replace(
            self, label_set=label_set, by_id=known, passed_over=passed_over
        )


def survey(
    data_dir: artifacts.Path,
    image_labels: str,
    *,
    untagged: str = "skip",
    max_pixels: int = artifacts.MAX_PIXELS,
) -> Photographs:
    """Reads all photographs and tags once, and says what cannot be used.

    A photograph that cannot be read to its end costs no others their masks:
    it is passed over.

    Args:
      data_dir: Folder of photographs.
      image_labels: Tags, as --image_labels of the binaries.
      untagged: What becomes of photographs without tags, as
        datasets.folder.source takes it.
      max_pixels: Larger photographs are passed over.

    Raises:
      OSError, InputError: If the folder or the tags cannot be read, or no
        photograph can.
    """
    artifacts.limit_pixels(max_pixels)
    source = folder.source(data_dir, image_labels, untagged=untagged)
    with futures.ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(_read(source), source.image_ids))
    pairs = list(zip(source.image_ids, found, strict=True))
    by_id = {i: each for i, each in pairs if isinstance(each, Photograph)}
    bad = {i: each for i, each in pairs if isinstance(each, str)}
    passed_over = list(source.passed_over)
    if bad:
        first = next(iter(bad.values()))
        passed_over.append(
            f"unreadable: {len(bad)} ({image_files.listed(bad)}; {first})"
        )
    if not by_id:
        raise InputError(f"{data_dir}: no photograph can be read; {first}")
    return Photographs(
        source=source,
        label_set=source.label_set,
        by_id=by_id,
        passed_over=tuple(passed_over),
    )


def _read(source: schema.Source):
    """The function that reads a photograph, or says why it cannot."""

    def read(image_id: str) -> Photograph | str:
        try:
            height, width = source.image(image_id).shape[:2]
        except (OSError, ValueError) as error:
            return str(error)
        present = source.image_labels(image_id).nonzero()[0].tolist()
        return Photograph(
            digest=str(source.photograph(image_id).stat().st_size),
            size=(height, width),
            tags=tuple(source.label_set.objects[index] for index in present),
        )

    return read
