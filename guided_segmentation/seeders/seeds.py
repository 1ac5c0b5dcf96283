"""Seeds: the pixels where score maps are high, with their class.

Source: Oh et al., CVPR 2017, sections 4.2 and 6.1; the normalisation of score
maps and the inclusive threshold are from the authors' implementation.
"""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import tqdm

from guided_segmentation import artifacts, crf, labels, large, predictions
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches
from guided_segmentation.seeders import view_batches

# The threshold tau of section 6.1, as in Zhou et al. and SEC.
THRESHOLD = 0.2
# Smallest probability of an object that counts as present without image-level
# labels.
CLASS_THRESHOLD = 0.5
_MAX_SCORES = 2**24  # Of the score maps of a photograph; copies take 0.5 GB.
_SIDE_BY_SIDE = 3  # Photographs of this fraction of the most share the cores.
_FEW_OBJECTS = 4  # In a photograph without image-level labels.
_NONE = np.zeros(0, np.int32)

# Takes [height, width, 3] uint8 RGB and [K] int32 indices of objects. Returns
# [height, width, K] float32 score maps of these objects and [num_objects]
# float32 logits of all objects, or None from a seeder that does not classify.
# A views.Seeder is one; its method `predictor` scores photographs in batches.
Seeder = Callable[[np.ndarray, np.ndarray], tuple]


def normalized(score_maps: np.ndarray) -> np.ndarray:
    """Divides each object's score map by its own maximum.

    >>> import numpy as np
    >>> maps = np.array([[[4.0, -1.0], [-2.0, -5.0]]])
    >>> normalized(maps).tolist()
    [[[1.0, -inf], [-0.5, -inf]]]

    Args:
      score_maps: [height, width, K] float, unbounded.

    Returns:
      [height, width, K] float32, at most 1. A map without a positive value
      becomes -inf everywhere, so that its object gets no seed.
    """
    score_maps = score_maps.astype(np.float32)
    highest = score_maps.max((0, 1), initial=-np.inf)
    safe = np.where(highest > 0, highest, 1)
    return np.where(highest > 0, score_maps / safe, -np.inf)


def seeds(
    score_maps: np.ndarray,
    classes: np.ndarray,
    threshold: float = THRESHOLD,
) -> np.ndarray:
    """Labels each pixel with its best class, if that reaches the threshold.

    >>> import numpy as np
    >>> bird = [[9.0, 5.0, 1.0, 0.0]]
    >>> cat = [[0.0, 4.0, 1.0, -1.0]]
    >>> classes = np.array([3, 8], np.uint8)
    >>> print(seeds(np.stack([bird, cat], axis=-1), classes))
    [[3 8 8 0]]

    Args:
      score_maps: [height, width, K] float, unbounded.
      classes: [K] uint8 class indices of the objects.
      threshold: Fraction of the maximum of an object's score map, inclusive.

    Returns:
      [height, width] uint8 class indices; BACKGROUND where no object reaches
      the threshold. Of equal normalised scores, the first object wins.
    """
    if not len(classes):
        return np.zeros(score_maps.shape[:2], np.uint8)
    relative = normalized(score_maps)
    best = classes.astype(np.uint8)[relative.argmax(-1)]
    is_seed = relative.max(-1) >= threshold
    return np.where(is_seed, best, labels.BACKGROUND).astype(np.uint8)


def predicted_objects(
    seeder: Seeder, image: np.ndarray, threshold: float = CLASS_THRESHOLD
) -> np.ndarray:
    """Returns the objects that the seeder's network finds in an image.

    Args:
      seeder: As `make_seeds` takes it.
      image: [height, width, 3] uint8 RGB.
      threshold: Smallest probability of an object, inclusive.

    Returns:
      [K] int64 indices of objects, ascending.

    Raises:
      ValueError: If the seeder does not classify.
    """
    _, logits = seeder(image, np.zeros(0, np.int32))
    if logits is None:
        raise InputError(
            "this seeder does not tell which objects are there; give images "
            "with image labels"
        )
    probabilities = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return np.flatnonzero(probabilities >= threshold)


def in_batches(
    seeder: Seeder, class_threshold: float | None = None
) -> batches.Predictor:
    """Returns the predictor of a seeder, to score many photographs.

    Args:
      seeder: As `make_seeds` takes it.
      class_threshold: Likewise.

    Returns:
      A predictor of view_batches.Scores; `frame` takes a photograph, and the
      [K] int32 indices of its objects unless there is a `class_threshold`. A
      seeder without a method `predictor` scores one photograph at a time.
    """
    if hasattr(seeder, "predictor"):
        return seeder.predictor(class_threshold)

    def run(inputs: batches.Arrays) -> batches.Arrays:
        image, objects = inputs[0][0], inputs[1][0]
        if class_threshold is not None:
            objects = predicted_objects(seeder, image, class_threshold)
        objects = objects.astype(np.int32)
        return np.asarray(seeder(image, objects)[0])[None], objects[None]

    return batches.Predictor(
        frame=lambda image, objects=_NONE: batches.Frames((image, objects), 0),
        run=run,
        finish=lambda outputs, _: view_batches.Scores(*outputs),
        max_batch_size=1,
    )


def make_seeds(
    seeder: Seeder,
    source: schema.Source,
    output_dir: artifacts.Path,
    *,
    threshold: float = THRESHOLD,
    score_maps_dir: artifacts.Path | None = None,
    class_threshold: float | None = None,
    batch_size: int | None = None,
) -> None:
    """Writes the seeds and score maps that images of `source` lack.

    A photograph of more pixels than `max_pixels` of the predictor, or of so
    many objects that their score maps take too much memory, is scored at a
    smaller size; its score maps are interpolated, and its seeds enlarged.

    Args:
      seeder: Returns score maps, and logits if `class_threshold` is given.
      source: Images, and image-level labels unless `class_threshold` is
        given.
      output_dir: Folder for <image_id>.png.
      threshold: As of `seeds`.
      score_maps_dir: Folder for the score maps, <image_id>.npz; None writes
        none.
      class_threshold: As the threshold of `predicted_objects`, which decides
        which objects are present, for images without image-level labels. None
        uses the image-level labels.
      batch_size: As of predictions.predicted.

    Raises:
      ValueError: If `class_threshold` is given and the seeder does not
        classify.
    """
    maker = _Maker(
        predictor=in_batches(seeder, class_threshold),
        image_labels=source.image_labels if class_threshold is None else None,
        folders={".png": output_dir, ".npz": score_maps_dir},
        threshold=threshold,
    )
    wanted = missing(source.image_ids, output_dir, score_maps_dir)
    predicted = predictions.predicted(
        maker.predictor, source, wanted, maker.prepare, batch_size
    )
    made = crf.map_in_order(maker.write, predicted, alone=maker.is_large)
    for _ in tqdm.tqdm(
        made, "seeds", len(wanted), unit="image", disable=not wanted
    ):
        pass


def missing(
    image_ids: Iterable[str],
    output_dir: artifacts.Path,
    score_maps_dir: artifacts.Path | None = None,
) -> list[str]:
    """Returns the images that lack seeds or score maps.

    Args:
      image_ids: Ids of the images.
      output_dir: As of `make_seeds`.
      score_maps_dir: Likewise.
    """
    image_ids = tuple(image_ids)
    lacking: set[str] = set()
    for suffix, folder in {".png": output_dir, ".npz": score_maps_dir}.items():
        if folder is not None:
            lacking.update(artifacts.missing(image_ids, folder, suffix))
    return [each for each in image_ids if each in lacking]


def _missing(
    image_id: str, folders: Mapping[str, artifacts.Path | None]
) -> list[pathlib.Path]:
    """Returns the files of an image that are not there, by suffix."""
    paths = [
        artifacts.to_path(folder, image_id + suffix)
        for suffix, folder in folders.items()
        if folder is not None
    ]
    return [path for path in paths if not path.exists()]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Maker:
    """Scores photographs and writes what is missing.

    Attributes:
      predictor: Of `in_batches`.
      image_labels: From an image id to its image-level labels; None if the
        predictor decides which objects are present.
      folders: By suffix of its files; None for none.
      threshold: As of `seeds`.
    """

    predictor: batches.Predictor
    image_labels: Callable[[str], np.ndarray] | None
    folders: dict[str, artifacts.Path | None]
    threshold: float

    def missing(self, image_id: str) -> list[pathlib.Path]:
        """Returns the files of an image that are not there."""
        return _missing(image_id, self.folders)

    def prepare(
        self, image_id: str, image: np.ndarray
    ) -> tuple[tuple[int, int], batches.Frames]:
        """Returns the photograph's size, and its frames."""
        objects = ()
        if self.image_labels is not None:
            objects = (np.flatnonzero(self.image_labels(image_id)),)
        smaller = large.reduced(image, _max_pixels(self.predictor, *objects))
        return image.shape[:2], self.predictor.frame(smaller, *objects)

    def is_large(self, each: predictions.Predicted) -> bool:
        """Whether score maps or CRF leave no memory for another photograph."""
        most = self.predictor.max_pixels
        num_pixels = min(each.kept[0] * each.kept[1], most)
        return num_pixels * _SIDE_BY_SIDE > most

    def write(self, each: predictions.Predicted) -> None:
        """Writes the missing files of a photograph."""
        maps, objects = each.finish()
        classes = (objects + 1).astype(np.uint8)
        for path in self.missing(each.image_id):
            if path.suffix == ".npz":
                resized = large.resized(maps, *each.kept)
                artifacts.write_score_maps(path, resized, classes)
            else:
                label_map = seeds(maps, classes, self.threshold)
                label_map = large.enlarged(label_map, *each.kept)
                artifacts.write_label_map(path, label_map)


def _max_pixels(
    predictor: batches.Predictor, objects: np.ndarray | None = None
) -> int:
    """Returns the pixels of a photograph whose score maps memory holds."""
    count = _FEW_OBJECTS if objects is None else len(objects)
    return min(predictor.max_pixels, _MAX_SCORES // max(1, count))
