"""What is written of each image: label maps, overlays and probabilities."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np

from guided_segmentation import artifacts, crf, labels, large
from guided_segmentation.segmenter import decision, leaders, overlays

CLASS_NAMES_FILE = "class_names.txt"


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A photograph, not larger than it is predicted and refined.

    Attributes:
      image: [rows, columns, 3] uint8 RGB.
      height: Of the file.
      width: Of the file.
    """

    image: np.ndarray
    height: int
    width: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where the results of each image go.

    Attributes:
      folders: Folders for <image_id>.png, each with the settings of its
        crf-postproc; None for no CRF.
      label_set: The classes; None if they have no names.
      crf_max_pixels: Height times width that crf-postproc refines at most.
      overlay_dir: Folder for <image_id>.jpg, or None.
      probabilities_dir: Folder for <image_id>.npz, or None.
    """

    folders: Mapping[pathlib.Path, crf.CrfSettings | None]
    label_set: labels.LabelSet | None
    crf_max_pixels: int
    overlay_dir: pathlib.Path | None = None
    probabilities_dir: pathlib.Path | None = None

    def write_class_names(self) -> None:
        """Writes the names of the objects beside the label maps."""
        if self.label_set is None:
            return
        text = "".join(f"{name}\n" for name in self.label_set.objects)
        for folder in self.folders:
            path = folder / CLASS_NAMES_FILE
            if not path.exists():
                artifacts.write_bytes(path, text.encode())

    def want_predictions(self, image_ids: Iterable[str]) -> list[str]:
        """Returns the images that lack a label map or their probabilities."""
        image_ids = tuple(image_ids)
        lacking: set[str] = set()
        for folder in self.folders:
            lacking.update(artifacts.missing(image_ids, folder))
        if self.probabilities_dir is not None:
            folder = self.probabilities_dir
            lacking.update(artifacts.missing(image_ids, folder, ".npz"))
        return [each for each in image_ids if each in lacking]

    def wants_overlay(self, image_id: str) -> bool:
        """Whether the overlay of an image is wanted and missing."""
        return (
            self.overlay_dir is not None
            and not (self.overlay_dir / f"{image_id}.jpg").exists()
        )

    def write(
        self, image_id: str, photograph: Photograph, probabilities: np.ndarray
    ) -> float:
        """Writes what is missing of an image.

        Args:
          image_id: Of the image.
          photograph: Of the image.
          probabilities: [rows, columns, num_classes] float32 in [0, 1], of
            the photograph or a smaller one.

        Returns:
          The mean margin of its pixels.
        """
        plain, margin = self._decide(image_id, photograph, probabilities)
        for folder, settings in self.folders.items():
            path = folder / f"{image_id}.png"
            if path.exists():
                continue
            label_map = plain
            if settings is not None:
                label_map = self._refined(photograph, probabilities, settings)
            artifacts.write_label_map(path, label_map)
        self.write_overlay(image_id, photograph.image)
        return margin

    def write_overlay(self, image_id: str, image: np.ndarray) -> None:
        """Draws the last folder's label map over its photograph, if wanted.

        Args:
          image_id: Of the image.
          image: [rows, columns, 3] uint8 RGB, of any size.
        """
        if self.overlay_dir is None or not self.wants_overlay(image_id):
            return
        label_map = artifacts.read_label_map(
            list(self.folders)[-1] / f"{image_id}.png"
        )
        path = self.overlay_dir / f"{image_id}.jpg"
        overlays.write(path, image, label_map)

    def _decide(
        self, image_id: str, photograph: Photograph, probabilities: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Returns the label map without CRF, and the mean margin."""
        height, width = photograph.height, photograph.width
        shape = height, width, probabilities.shape[-1]
        parts, total = [], 0.0
        with self._probabilities_writer(image_id, shape) as keep:
            for strip in large.strips(probabilities, height, width):
                leading, margins = leaders.leading(strip)
                parts.append(leading)
                total += float(margins.sum(dtype=np.float64))
                keep(strip)
        label_map = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return label_map, total / (height * width)

    def _refined(
        self,
        photograph: Photograph,
        probabilities: np.ndarray,
        settings: crf.CrfSettings,
    ) -> np.ndarray:
        """Returns the label map of crf-postproc, at the photograph's size."""
        image = large.reduced(photograph.image, self.crf_max_pixels)
        fitting = large.resized(probabilities, *image.shape[:2])
        label_map = decision.label_map(image, fitting, settings)
        return large.enlarged(label_map, photograph.height, photograph.width)

    @contextlib.contextmanager
    def _probabilities_writer(
        self, image_id: str, shape: tuple[int, int, int]
    ) -> Iterator[Callable[[np.ndarray], None]]:
        """Yields a function that takes strips and writes them, if wanted."""
        if self.probabilities_dir is None:
            yield lambda strip: None
            return
        path = self.probabilities_dir / f"{image_id}.npz"
        if path.exists():
            yield lambda strip: None
            return
        classes = self.label_set.classes if self.label_set else ()
        with artifacts.probabilities_writer(path, shape, classes) as write:
            yield write
