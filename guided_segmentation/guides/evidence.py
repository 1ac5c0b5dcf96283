"""Evidence: the inputs of a guide labeller for one image."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from guided_segmentation.errors import InputError
from guided_segmentation.labels import BACKGROUND

# Parts of the evidence that each guide needs beside `image_id` and `image`, in
# the order in which `required_parts` returns them.
REQUIRES: dict[str, tuple[str, ...]] = {
    "seeds_only": ("image_labels", "seeds"),
    "g0": ("image_labels", "saliency_mask"),
    "g1": ("image_labels", "saliency_mask", "classifier"),
    "g2": ("image_labels", "seeds", "saliency_mask"),
    "oaa": ("image_labels", "seeds", "saliency_mask"),
    "saliency_oracle": ("image_labels", "seeds", "truth"),
    "full": ("truth",),
}
# Takes a [height, width, 3] uint8 RGB image and the [height, width] int32
# numbers of its regions, 1 to num_regions. Returns [num_regions + 1,
# num_objects] float logits: row 0 of the whole image, row k of the image with
# everything outside region k set to zero.
Classifier = Callable[[np.ndarray, np.ndarray], np.ndarray]

_REMEDIES = {
    "image_labels": "give image-level labels",
    "seeds": "run bin/make_seeds first",
    "saliency_mask": "run bin/make_saliency first",
    "classifier": "run bin/train_seeder --seeder=vgg16 first",
    "truth": "choose a data set that has true label maps",
}
_DTYPES = {"seeds": "uint8", "saliency_mask": "bool", "truth": "uint8"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """The inputs of a guide labeller for one image.

    Each guide needs only some parts, which `REQUIRES` lists; the others may
    be None.

    Attributes:
      image_id: Name of the image, for messages and for the random draw of
        `g0`.
      image: [height, width, 3] uint8 RGB.
      image_labels: [num_objects] bool, True for each object present.
      seeds: [height, width] uint8 class indices; BACKGROUND where there is
        no seed.
      saliency_mask: [height, width] bool, True on the foreground.
      classifier: Scores the whole image and each of its regions.
      truth: [height, width] uint8 true label map of class indices and IGNORE.

    Raises:
      ValueError: If seeds, saliency mask or truth have another height and
        width than the image, or another dtype than the one above.
    """

    image_id: str
    image: np.ndarray
    image_labels: np.ndarray | None = None
    seeds: np.ndarray | None = None
    saliency_mask: np.ndarray | None = None
    classifier: Classifier | None = None
    truth: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            part, size = getattr(self, name), self.image.shape[:2]
            if part is not None and part.shape != size:
                raise InputError(
                    f"image {self.image_id!r}: {name} must have the size of "
                    f"the image, got {part.shape} for an image of {size}; "
                    f"resize before labelling"
                )
            if part is not None and part.dtype != dtype:
                raise ValueError(
                    f"image {self.image_id!r}: {name} must be {dtype}, got "
                    f"{part.dtype}; convert before labelling"
                )


def required_parts(evidence: Evidence, guide: str) -> tuple[Any, ...]:
    """Returns the parts of the evidence that a guide needs.

    Args:
      evidence: The inputs of the guide.
      guide: Key of REQUIRES.

    Returns:
      The parts in the order of REQUIRES[guide]; none of them is None.

    Raises:
      ValueError: If a part is missing.
    """
    for name in REQUIRES[guide]:
        if getattr(evidence, name) is None:
            raise InputError(
                f"image {evidence.image_id!r}: guide {guide} needs {name}, "
                f"found none; {_REMEDIES[name]}"
            )
    return tuple(getattr(evidence, name) for name in REQUIRES[guide])


def present_classes(image_labels: np.ndarray) -> np.ndarray:
    """Returns the class indices of the objects present.

    >>> import numpy as np
    >>> present_classes(np.array([False, True, False, True])).tolist()
    [2, 4]

    Args:
      image_labels: [num_objects] bool, True for each object present.

    Returns:
      [num_present] uint8 class indices, ascending. Object i has class i + 1.
    """
    return (np.flatnonzero(image_labels) + 1).astype(np.uint8)


def background_without_objects(guide: Callable) -> Callable:
    """Decorates a guide: images without objects are background everywhere.

    All-zero image labels say that an image shows no object, so none of its
    pixels is in doubt.

    Args:
      guide: A function of guides.GUIDES that reads `image_labels`.

    Returns:
      The function, which gives a [height, width] uint8 label map of
      BACKGROUND where no object is present.
    """

    @functools.wraps(guide)
    def labelled(
        evidence: Evidence, *settings: Any, **named: Any
    ) -> np.ndarray:
        image_labels = evidence.image_labels
        if image_labels is not None and not image_labels.any():
            return np.full(evidence.image.shape[:2], BACKGROUND, np.uint8)
        return guide(evidence, *settings, **named)

    return labelled


def seeds_of_present_objects(
    seeds: np.ndarray, image_labels: np.ndarray
) -> np.ndarray:
    """Removes the seeds of objects that are absent from the image labels.

    Args:
      seeds: [height, width] uint8 class indices.
      image_labels: [num_objects] bool, True for each object present.

    Returns:
      [height, width] uint8 class indices; BACKGROUND where a seed was
      removed.
    """
    is_present = np.isin(seeds, present_classes(image_labels))
    return np.where(is_present, seeds, np.uint8(BACKGROUND))
