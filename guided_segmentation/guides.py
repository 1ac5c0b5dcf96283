"""Guide labellers: seeds and saliency in, one label map to learn from out.

All are functions of an image's `Evidence`, and read only the part of it that
`REQUIRES` names.

Source: Oh et al., "Exploiting saliency for object segmentation from image
level labels", CVPR 2017, section 5 and appendix E.
"""

import dataclasses

import cv2
import numpy as np

from guided_segmentation import crf as dense_crf
from guided_segmentation.labels import BACKGROUND, IGNORE

REQUIRES = {
    "seeds_only": frozenset({"seeds"}),
    "g0": frozenset({"saliency_mask"}),
    "g2": frozenset({"seeds", "saliency_mask"}),
    "saliency_oracle": frozenset({"seeds", "truth"}),
    "full": frozenset({"truth"}),
}
_REMEDIES = {
    "seeds": "run bin/make_seeds first",
    "saliency_mask": "run bin/make_saliency first",
    "truth": "choose a data set that has true label maps",
}
_DTYPES = {"seeds": "uint8", "saliency_mask": "bool", "truth": "uint8"}
_ENERGIES = {"log": lambda share: -np.log(share), "prob": np.negative}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of one image; each guide needs only a part.

    Attributes:
      image_id: Name of the image, for messages and for the draw of `g0`.
      image: [height, width, 3] uint8 RGB.
      image_labels: [num_objects] bool, which objects are present.
      seeds: [height, width] uint8 class indices; 0 where no seed fired.
      saliency_mask: [height, width] bool, True on the foreground.
      truth: [height, width] uint8 true label map.

    Raises:
      ValueError: If a part is not of the image's size or of another dtype.
    """

    image_id: str
    image: np.ndarray
    image_labels: np.ndarray
    seeds: np.ndarray | None = None
    saliency_mask: np.ndarray | None = None
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuideSettings:
    """Settings of the guides that use components; the defaults are PAPER.

    Attributes:
      seed_min_area_px: Smallest area of a seed component.
      saliency_min_area: Smallest area of a salient region, as a share of the
        image.
      unary: How blurred seeds become energies where classes share a region:
        "log" takes the negative logarithm, "prob" the negative itself, as the
        authors' release does.
      blur_px: Standard deviation of that blur.
      crf: The dense CRF that divides such a region. `crf.NONE` gives each
        pixel to the seeds that are nearest by the blur.

    Raises:
      ValueError: If there is no such unary.
    """

    seed_min_area_px: int = 25
    saliency_min_area: float = 0.01
    unary: str = "log"
    blur_px: float = 10.0
    crf: dense_crf.CrfSettings = dense_crf.DEEPLAB

    def __post_init__(self):
        if self.unary not in _ENERGIES:
            raise ValueError(
                f"unary must be one of {', '.join(_ENERGIES)}, got "
                f"{self.unary!r}"
            )


PAPER = GuideSettings()


def seeds_only(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Trusts the seeds alone: where none fired is background.

    Seeds of objects that the image labels deny are background too.

    Returns:
      [height, width] uint8 label map without IGNORE.

    Raises:
      ValueError: If the evidence lacks seeds.
    """
    _require(evidence, "seeds_only")
    believed = np.isin(evidence.seeds, present_classes(evidence.image_labels))
    return np.where(believed, evidence.seeds, np.uint8(BACKGROUND))


def g0(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Gives the whole foreground to one image label drawn at random.

    The draw depends on the image's name alone, so every run and every
    machine makes the same guide.

    Returns:
      [height, width] uint8 label map without IGNORE.

    Raises:
      ValueError: If the evidence lacks a saliency mask or image labels.
    """
    _require(evidence, "g0")
    classes = present_classes(evidence.image_labels)
    if not classes.size:
        raise ValueError(
            f"image {evidence.image_id!r} has no image labels, and g0 draws "
            f"from them; leave the image out of the split"
        )
    draw = np.random.default_rng(list(evidence.image_id.encode()))
    drawn = draw.choice(classes)
    return np.where(evidence.saliency_mask, drawn, np.uint8(BACKGROUND))


def g2(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Spreads seeds over the salient regions they touch; in doubt, ignores.

    A salient region touched by seeds of one class takes that class whole; by
    several classes, the dense CRF divides it; by none, it is ignored. Seeds
    that touch no region stay as they are. What leaks out of a region is
    ignored, and so is every salient region or seed that is too small. Seeds
    of objects that the image labels deny are never heard. Background is what
    is neither seed nor salient, however small the salient blob.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks seeds or a saliency mask.
    """
    _require(evidence, "g2")
    saliency_mask = evidence.saliency_mask
    regions = components(
        saliency_mask, settings.saliency_min_area * saliency_mask.size
    )
    parts, classes = seed_components(
        evidence.seeds, evidence.image_labels, settings.seed_min_area_px
    )
    touches = touching(regions, parts)
    guide = label_regions(evidence, regions, classes, touches, settings)
    isolated = (classes != BACKGROUND) & ~touches.any(axis=0)
    isolated[0] = False  # Number 0 is no component.
    guide = np.where(isolated[parts], classes[parts], guide)
    guide[(classes == BACKGROUND)[parts] & ~saliency_mask] = BACKGROUND
    return guide


def saliency_oracle(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Returns `g2` of the seeds and the true foreground.

    Returns:
      [height, width] uint8 label map.

    Raises:
      ValueError: If the evidence lacks seeds or the truth.
    """
    _require(evidence, "saliency_oracle")
    foreground = ~np.isin(evidence.truth, [BACKGROUND, IGNORE])
    return g2(dataclasses.replace(evidence, saliency_mask=foreground), settings)


def full(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Returns the truth: full supervision, the bound of every other guide.

    Returns:
      [height, width] uint8 label map, with the truth's own IGNORE.

    Raises:
      ValueError: If the evidence lacks the truth.
    """
    _require(evidence, "full")
    return evidence.truth.copy()


GUIDES = {
    "seeds_only": seeds_only,
    "g0": g0,
    "g2": g2,
    "saliency_oracle": saliency_oracle,
    "full": full,
}


def present_classes(image_labels: np.ndarray) -> np.ndarray:
    """Returns the uint8 class indices of the objects present, ascending."""
    return (np.flatnonzero(image_labels) + 1).astype(np.uint8)


def components(mask: np.ndarray, min_area_px: float) -> np.ndarray:
    """Numbers the 8-connected components of a mask.

    Args:
      mask: [height, width] bool.
      min_area_px: Smallest area of a component. Lines, one pixel high or
        wide, are dropped at any length.

    Returns:
      [height, width] int32: the component's number, from 1 on; 0 outside the
      mask and on what is dropped.
    """
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    kept = stats[:, cv2.CC_STAT_AREA] >= min_area_px
    kept &= stats[:, cv2.CC_STAT_WIDTH] > 1
    kept &= stats[:, cv2.CC_STAT_HEIGHT] > 1
    kept[0] = False  # What cv2 counts first is outside the mask.
    return np.where(kept, np.cumsum(kept), 0).astype(np.int32)[numbers]


def seed_components(
    seeds: np.ndarray, image_labels: np.ndarray, min_area_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers the components of the background and of each present object.

    Args:
      seeds: [height, width] uint8 class indices; 0 where no seed fired.
      image_labels: [num_objects] bool; other objects' seeds are not heard.
      min_area_px: Smallest area of a component.

    Returns:
      [height, width] int32 numbers as `components` gives them, and
      [num_components + 1] uint8 their classes; class IGNORE at number 0.
    """
    parts = np.zeros(seeds.shape, np.int32)
    classes = [IGNORE]
    for index in [BACKGROUND, *present_classes(image_labels)]:
        found = components(seeds == index, min_area_px)
        parts = np.where(found, found + len(classes) - 1, parts)
        classes += [index] * int(found.max())
    return parts, np.array(classes, np.uint8)


def touching(regions: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Tells which components of two numberings share a pixel.

    Args:
      regions: [height, width] int32 numbers; 0 belongs to none.
      parts: [height, width] int32 numbers; 0 belongs to none.

    Returns:
      [num_regions + 1, num_parts + 1] bool; row 0 and column 0 are False.
    """
    shape = regions.max() + 1, parts.max() + 1
    pairs = regions.ravel().astype(np.int64) * shape[1] + parts.ravel()
    counts = np.bincount(pairs, minlength=shape[0] * shape[1])
    touches = counts.reshape(shape) > 0
    touches[0] = touches[:, 0] = False
    return touches


def label_regions(
    evidence: Evidence,
    regions: np.ndarray,
    classes: np.ndarray,
    touches: np.ndarray,
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Labels each salient region by the object seeds that touch it.

    Args:
      evidence: Of the image, with seeds.
      regions: [height, width] int32 numbers of the salient regions.
      classes: [num_parts + 1] uint8 classes of the seed components.
      touches: [num_regions + 1, num_parts + 1] bool, as of `touching`.
      settings: Those of the CRF.

    Returns:
      [height, width] uint8 label map; IGNORE outside of all regions and in
      those without a seed.
    """
    objects = [np.setdiff1d(classes[row], [BACKGROUND]) for row in touches]
    only = [found[0] if found.size == 1 else IGNORE for found in objects]
    guide = np.array(only, np.uint8)[regions]
    for region, found in enumerate(objects):
        if found.size > 1:
            mask = regions == region
            guide[mask] = divide(evidence, mask, found, settings)
    return guide


def divide(
    evidence: Evidence,
    mask: np.ndarray,
    classes: np.ndarray,
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Divides one salient region among several classes by a dense CRF.

    Args:
      evidence: Of the image, with seeds.
      mask: [height, width] bool, the region. The CRF sees nothing else.
      classes: [num_classes] uint8 class indices to choose from.
      settings: Those of the CRF and its energies.

    Returns:
      [pixels of the mask] uint8 class indices, row by row.
    """
    shares = [
        blurred(evidence.seeds == index, settings.blur_px) for index in classes
    ]
    energy = _ENERGIES[settings.unary](np.stack(shares, axis=-1))
    probabilities = dense_crf.infer(evidence.image, energy, settings.crf, mask)
    return classes[probabilities[mask].argmax(axis=-1)]


def blurred(mask: np.ndarray, blur_px: float) -> np.ndarray:
    """Returns a mask clipped to [0.001, 0.999] under a Gaussian blur.

    The kernel ends at four standard deviations; the image is mirrored at its
    border, border pixels included, as SciPy's `gaussian_filter` does.

    Args:
      mask: [height, width] bool.
      blur_px: Standard deviation. 0 does not blur.

    Returns:
      [height, width] float32.
    """
    diameter = 2 * int(4 * blur_px + 0.5) + 1
    clipped = np.where(mask, np.float32(0.999), np.float32(0.001))
    return cv2.GaussianBlur(
        clipped, (diameter, diameter), blur_px, borderType=cv2.BORDER_REFLECT
    )


def _require(evidence: Evidence, guide: str) -> None:
    for name in sorted(REQUIRES[guide]):
        if getattr(evidence, name) is None:
            raise ValueError(
                f"image {evidence.image_id!r}: guide {guide} needs {name}, "
                f"found none; {_REMEDIES[name]}"
            )
