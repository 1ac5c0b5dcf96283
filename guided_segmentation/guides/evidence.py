"""Evidence: what is known of one image before its guide is made."""

import dataclasses
from collections.abc import Callable

import numpy as np

from guided_segmentation.labels import BACKGROUND

REQUIRES = {
    "seeds_only": frozenset({"seeds"}),
    "g0": frozenset({"saliency_mask"}),
    "g1": frozenset({"saliency_mask", "classifier"}),
    "g2": frozenset({"seeds", "saliency_mask"}),
    "oaa": frozenset({"seeds", "saliency_mask"}),
    "saliency_oracle": frozenset({"seeds", "truth"}),
    "full_supervision": frozenset({"truth"}),
}
# From [height, width, 3] uint8 RGB and [height, width] int32 numbers of regions
# to [num_regions + 1, num_objects] float logits: of each region by its number,
# all else zeroed, and in row 0 of the whole image.
Classifier = Callable[[np.ndarray, np.ndarray], np.ndarray]

_REMEDIES = {
    "seeds": "run bin/make_seeds first",
    "saliency_mask": "run bin/make_saliency first",
    "classifier": "run bin/train_seeder --seeder=vgg16 first",
    "truth": "choose a data set that has true label maps",
}
_DTYPES = {"seeds": "uint8", "saliency_mask": "bool", "truth": "uint8"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one image; each guide needs only a part.

    Attributes:
      image_id: Name of the image, for messages and for the draw of `g0`.
      image: [height, width, 3] uint8 RGB.
      image_labels: [num_objects] bool, which objects are present.
      seeds: [height, width] uint8 class indices; 0 where no seed fired.
      saliency_mask: [height, width] bool, True on the foreground.
      classifier: Scores the image and regions of it.
      truth: [height, width] uint8 true label map.

    Raises:
      ValueError: If a part is not of the image's size or of another dtype.
    """

    image_id: str
    image: np.ndarray
    image_labels: np.ndarray
    seeds: np.ndarray | None = None
    saliency_mask: np.ndarray | None = None
    classifier: Classifier | None = None
    truth: np.ndarray | None = None

    def __post_init__(self):
        for name, dtype in _DTYPES.items():
            part, size = getattr(self, name), self.image.shape[:2]
            if part is not None and part.shape != size:
                raise ValueError(
                    f"image {self.image_id!r}: {name} must have the size of "
                    f"the image, got {part.shape} for an image of {size}; "
                    f"resize before labelling"
                )
            if part is not None and part.dtype != dtype:
                raise ValueError(
                    f"image {self.image_id!r}: {name} must be {dtype}, got "
                    f"{part.dtype}; convert before labelling"
                )


def require(evidence: Evidence, guide: str) -> None:
    """Checks that the evidence has the parts that a guide needs.

    Raises:
      ValueError: If one is missing.
    """
    for name in sorted(REQUIRES[guide]):
        if getattr(evidence, name) is None:
            raise ValueError(
                f"image {evidence.image_id!r}: guide {guide} needs {name}, "
                f"found none; {_REMEDIES[name]}"
            )


def present_classes(image_labels: np.ndarray) -> np.ndarray:
    """Returns the uint8 class indices of the objects present, ascending."""
    return (np.flatnonzero(image_labels) + 1).astype(np.uint8)


def candidates(evidence: Evidence, guide: str) -> np.ndarray:
    """Returns the classes that a guide may choose from, as `present_classes`.

    Raises:
      ValueError: If there are none.
    """
    classes = present_classes(evidence.image_labels)
    if not classes.size:
        raise ValueError(
            f"image {evidence.image_id!r} has no image labels, and {guide} "
            f"chooses from them; leave the image out of the split"
        )
    return classes


def believed(evidence: Evidence) -> np.ndarray:
    """Returns the seeds of present objects; those of others are background.

    Returns:
      [height, width] uint8 class indices.
    """
    is_present = np.isin(evidence.seeds, present_classes(evidence.image_labels))
    return np.where(is_present, evidence.seeds, np.uint8(BACKGROUND))
