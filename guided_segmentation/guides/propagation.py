"""G2, propagating seeds: salient regions take the classes of their seeds.

The steps of `g2` are those of appendix E, in its order:

1. The connected components of the saliency mask {R_i^fg} and of the seeds
   {R_j^s}: `regions.salient_regions` and `regions.seed_components`.
2. The labels of each R_i^fg, by the number of object categories among the
   seeds that intersect it, 0, 1 or more: `label_regions`.
3. The labels of each R_j^s. Where it bleeds out of an R_i^fg, it is ignored;
   it labels every R_i^fg that it touches; an isolated one is kept:
   `keep_isolated_seeds`, which says where the other two rules are.
4. The background, which the appendix shows only in its figures:
   `mark_background`.

Source: Oh et al., CVPR 2017, section 5 and appendix E; 8-connectivity, the
background and its area limit from the authors' implementation.
"""

import dataclasses

import numpy as np

from guided_segmentation.guides.division import divide
from guided_segmentation.guides.evidence import (
    Evidence,
    background_without_objects,
    required_parts,
)
from guided_segmentation.guides.regions import (
    SeedComponents,
    intersecting,
    look_up,
    salient_regions,
    seed_components,
)
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND, IGNORE


@background_without_objects
def g2(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Spreads the classes of seeds over the salient regions they intersect.

    A salient region that intersects seeds of one class takes this class; one
    that intersects seeds of several classes is divided by the dense CRF.
    Seeds that intersect no region keep their class. Pixels that are neither
    seed nor salient are background.

    Undecided, as `settings.in_doubt` says, are: regions without a seed, the
    part of a seed outside the regions that it intersects, salient pixels and
    seeds in components that are too small, background components that are too
    small, and seeds of objects absent from the image labels.

    >>> import numpy as np
    >>> from guided_segmentation import guides
    >>> seeds = np.array([
    ...     [0, 0, 0, 0, 0, 0, 0, 0],
    ...     [0, 0, 0, 1, 1, 0, 0, 0],  # Class 1 leaks out of the region.
    ...     [0, 0, 0, 1, 1, 0, 0, 0],
    ...     [0, 0, 0, 0, 0, 0, 0, 0],
    ...     [0, 0, 0, 0, 0, 0, 2, 2],  # Class 2 is isolated.
    ...     [0, 0, 0, 0, 0, 0, 2, 2],
    ... ], np.uint8)
    >>> saliency_mask = np.zeros((6, 8), bool)
    >>> saliency_mask[1:4, 1:4] = True
    >>> evidence = guides.Evidence(
    ...     image_id="a",
    ...     image=np.zeros((6, 8, 3), np.uint8),
    ...     image_labels=np.array([True, True]),
    ...     seeds=seeds,
    ...     saliency_mask=saliency_mask,
    ... )
    >>> settings = guides.GuideSettings(seed_min_area=guides.Area("4px"))
    >>> print(guides.g2(evidence, settings))
    [[  0   0   0   0   0   0   0   0]
     [  0   1   1   1 255   0   0   0]
     [  0   1   1   1 255   0   0   0]
     [  0   1   1   1   0   0   0   0]
     [  0   0   0   0   0   0   2   2]
     [  0   0   0   0   0   0   2   2]]

    Args:
      evidence: With image labels, seeds and a saliency mask.
      settings: Of which all but `no_gain` are used.

    Returns:
      [height, width] uint8 label map of BACKGROUND, classes of the image
      labels and IGNORE.

    Raises:
      ValueError: If the evidence lacks image labels, seeds or a saliency
        mask.
    """
    image_labels, seeds, saliency_mask = required_parts(evidence, "g2")
    regions = salient_regions(saliency_mask, settings)
    components = seed_components(seeds, image_labels, settings)
    intersects = intersecting(regions, components.numbers)
    categories = seed_categories(components, intersects)
    guide = label_regions(evidence.image, seeds, regions, categories, settings)
    guide = keep_isolated_seeds(guide, components, intersects)
    guide = mark_background(guide, components, saliency_mask)
    return settings.apply_in_doubt(guide)


@background_without_objects
def saliency_oracle(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Returns `g2` of the seeds and the true foreground as saliency mask.

    Source: Oh et al., CVPR 2017, section 6.2 and Table 2.

    Args:
      evidence: With image labels, seeds and the true label map; its IGNORE
        pixels are not foreground.
      settings: As of `g2`.

    Returns:
      [height, width] uint8 label map, as of `g2`.

    Raises:
      ValueError: If the evidence lacks image labels, seeds or the true label
        map.
    """
    *_, truth = required_parts(evidence, "saliency_oracle")
    foreground = ~np.isin(truth, [BACKGROUND, IGNORE])
    return g2(dataclasses.replace(evidence, saliency_mask=foreground), settings)


def seed_categories(
    components: SeedComponents, intersects: np.ndarray
) -> list[np.ndarray]:
    """Returns the object classes of the seeds that intersect each region.

    Args:
      components: Of the seeds.
      intersects: [num_regions + 1, num_components + 1] bool, as `intersecting`
        returns it.

    Returns:
      By the number of the region, [num_classes] uint8 class indices, ascending
      and without BACKGROUND; none for number 0, which is outside all regions.
    """
    return [_objects(components.classes[row]) for row in intersects]


def _objects(classes: np.ndarray) -> np.ndarray:
    """Returns the distinct classes, ascending and without BACKGROUND."""
    return np.array(sorted({*classes.tolist()} - {BACKGROUND}), np.uint8)


def label_regions(
    image: np.ndarray,
    seeds: np.ndarray,
    regions: np.ndarray,
    categories: list[np.ndarray],
    settings: GuideSettings = PAPER,
) -> np.ndarray:
    """Labels each salient region by the number of its seed categories.

    Appendix E: "0 category: [...] ignore", "1 category: [...] put the class
    label from the seed", ">= 2 categories: [...] use dense CRF inference
    inside R_i^fg".

    Args:
      image: [height, width, 3] uint8 RGB.
      seeds: [height, width] uint8 class indices.
      regions: [height, width] integer numbers of the salient regions.
      categories: Object classes by number of the region, as `seed_categories`
        returns them.
      settings: Of which those of `divide` are used.

    Returns:
      [height, width] uint8 label map; IGNORE outside all regions and in those
      of 0 categories.
    """
    single = [c[0] if c.size == 1 else IGNORE for c in categories]
    guide = look_up(np.array(single, np.uint8), regions)
    for number, classes in enumerate(categories):
        if classes.size >= 2:
            region = regions == number
            guide[region] = divide(image, seeds, region, classes, settings)
    return guide


def keep_isolated_seeds(
    guide: np.ndarray, components: SeedComponents, intersects: np.ndarray
) -> np.ndarray:
    """Labels the seeds that intersect no salient region with their class.

    The two other rules of appendix E for seeds need no code. A seed that bleeds
    out of a region stays IGNORE there, as `label_regions` left it, since only
    isolated seeds are written here. A seed that touches two or more regions
    labels all of them, since `seed_categories` looks at each region by itself.

    Args:
      guide: [height, width] uint8 label map of `label_regions`.
      components: Of the seeds.
      intersects: [num_regions + 1, num_components + 1] bool, as `intersecting`
        returns it.

    Returns:
      [height, width] uint8 label map.
    """
    is_isolated = ~intersects.any(axis=0)
    is_isolated &= components.classes != BACKGROUND
    is_isolated[0] = False  # Number 0 is outside all components.
    if not is_isolated.any():
        return guide
    # They are IGNORE in the guide, which is above all classes.
    isolated = np.where(is_isolated, components.classes, np.uint8(IGNORE))
    return np.minimum(guide, look_up(isolated, components.numbers))


def mark_background(
    guide: np.ndarray, components: SeedComponents, saliency_mask: np.ndarray
) -> np.ndarray:
    """Labels background components outside the saliency mask as background.

    Salient pixels stay as they are, also where their component is too small
    to be a region.

    The authors' implementation differs in one line, which indexes rows with
    this mask by mistake and sets rows 0 and 1 to background. Two consequences:
    background that it misses becomes background at its end nevertheless, as
    everything ignored does; and regions that reach rows 0 and 1 lose them,
    which is not repeated here.

    Args:
      guide: [height, width] uint8 label map.
      components: Of the seeds, those of the background included.
      saliency_mask: [height, width] bool, True on the foreground.

    Returns:
      [height, width] uint8 label map.
    """
    is_background = components.classes == BACKGROUND
    is_kept = look_up(~is_background, components.numbers) | saliency_mask
    return guide * is_kept  # BACKGROUND is 0.
