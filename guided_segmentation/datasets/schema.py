"""Source, which every reader returns."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable

import numpy as np
import tqdm

from guided_segmentation import artifacts, labels, provenance
from guided_segmentation.errors import InputError


class _Remembered:
    """A function from image id to image-level labels that reads each once.

    A set of labels that many images have is in memory once.
    """

    def __init__(self, read: Callable[[str], np.ndarray]):
        self._read = read
        self._known: dict[str, bytes] = {}
        self._sets: dict[bytes, bytes] = {}

    def __call__(self, image_id: str) -> np.ndarray:
        """Returns a [num_objects] bool array of its own."""
        known = self._known.get(image_id)
        if known is None:
            known = np.asarray(self._read(image_id), bool).tobytes()
            known = self._sets.setdefault(known, known)
            self._known[image_id] = known
        return np.frombuffer(known, bool).copy()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A split of a data set: ids of its images, and functions that read them.

    Each image is read when its function is called, so that a Source holds
    only the ids in memory.

    Attributes:
      name: Data set and split, for settings.json, e.g. "pascal_voc/train".
      digest: Differs between different data of the same name, such as two
        folders of photographs, so that a run or cache of one is not continued
        with the other.
      image_ids: Text ids in a fixed order.
      image: Takes an id; returns [height, width, 3] uint8 RGB.
      image_labels: Takes an id; returns [num_objects] bool. Those that come
        from a file are read once.
      difficult: Takes an id; returns [num_objects] bool, True for a class
        whose objects in the image are all marked difficult. mAP ignores the
        image for that class. None if the data have no such marks.
      label_map: Takes an id; returns the true [height, width] uint8 label
        map of class indices and IGNORE. None if the data have no truth.
      boxes: Takes an id; returns [annotators, 4] int32 boxes (row_min,
        column_min, row_max, column_max), half-open, in pixels. None if the
        data have none.
      label_set: The classes. None for saliency data.
      photograph: Takes an id; returns the file of the photograph. None if the
        images are not files.
      label_map_file: Takes an id; returns the file of the true label map, or
        None if the image has none. None if the label maps are not files.
      has_labels_in_memory: Whether image_labels reads no file.
      passed_over: What the folder holds besides the images, for the user.
    """

    name: str
    digest: str = ""
    image_ids: tuple[str, ...]
    image: Callable[[str], np.ndarray]
    image_labels: Callable[[str], np.ndarray] | None = None
    difficult: Callable[[str], np.ndarray] | None = None
    label_map: Callable[[str], np.ndarray] | None = None
    boxes: Callable[[str], np.ndarray] | None = None
    label_set: labels.LabelSet | None = None
    photograph: Callable[[str], pathlib.Path] | None = None
    label_map_file: Callable[[str], pathlib.Path | None] | None = None
    has_labels_in_memory: bool = False
    passed_over: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.image_ids:
            raise InputError(f"{self.name} is empty: wanted at least one image")
        is_read = self.image_labels and not self.has_labels_in_memory
        if is_read and not isinstance(self.image_labels, _Remembered):
            remembered = _Remembered(self.image_labels)
            object.__setattr__(self, "image_labels", remembered)

    def photograph_digests(self) -> dict[str, str]:
        """Digests each photograph, as provenance.sampled_digest does.

        Returns:
          By image id; the digest of the data where photographs are no files.
        """
        if self.photograph is None:
            return dict.fromkeys(self.image_ids, self.digest)
        files = map(self.photograph, self.image_ids)
        found = artifacts.map_files(provenance.sampled_digest, files)
        return dict(zip(self.image_ids, found, strict=True))

    @functools.cached_property
    def all_image_labels(self) -> np.ndarray:
        """Image-level labels of all images, [images, num_objects] bool.

        They are read once.

        Raises:
          ValueError: If the data have no image labels.
        """
        if self.image_labels is None:
            raise InputError(
                f"{self.name} has no image labels, wanted those of every "
                f"image; give them, or shuffle the images instead of "
                f"balancing the classes"
            )
        ids = tqdm.tqdm(self.image_ids, "image labels", unit="image")
        return np.array([self.image_labels(image_id) for image_id in ids])
