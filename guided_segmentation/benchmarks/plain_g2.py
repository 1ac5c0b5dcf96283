"""G2 as one would first write it: the reference for the speed of `guides.g2`.

Appendix E word by word: SciPy labels the components of each class, every
component has a mask of the whole image, and a dense CRF runs over the whole
image for every region of several classes.
"""

import numpy as np

from guided_segmentation import extras, guides
from guided_segmentation.crf import dense
from guided_segmentation.guides import division
from guided_segmentation.guides.evidence import present_classes
from guided_segmentation.labels import BACKGROUND, IGNORE


def plain_g2(
    evidence: guides.Evidence, settings: guides.GuideSettings = guides.PAPER
) -> np.ndarray:
    """Labels an image as `guides.g2` with `crf_extent="image"`.

    Args:
      evidence: With image labels, seeds and a saliency mask.
      settings: As `guides.g2` takes them; the CRF runs over the whole image
        whatever `crf_extent` is.

    Returns:
      [height, width] uint8 label map.
    """
    seeds, size = evidence.seeds, evidence.seeds.size
    min_area = settings.saliency_min_area.in_pixels(size)
    regions = _components(evidence.saliency_mask, min_area)
    min_area = settings.seed_min_area.in_pixels(size)
    components = [
        (index, component)
        for index in present_classes(evidence.image_labels)
        for component in _components(seeds == index, min_area)
    ]
    guide = np.full(seeds.shape, IGNORE, np.uint8)
    for region in regions:
        touching = {c for c, mask in components if (mask & region).any()}
        if touching:
            _label(guide, evidence, region, sorted(touching), settings)
    for index, component in components:
        if not any((component & region).any() for region in regions):
            guide[component] = index
    min_area = settings.background_min_area.in_pixels(size)
    for component in _components(seeds == BACKGROUND, min_area):
        guide[component & ~evidence.saliency_mask] = BACKGROUND
    return settings.apply_in_doubt(guide)


def _components(mask: np.ndarray, min_area_px: float) -> list[np.ndarray]:
    ndimage = extras.imported("scipy.ndimage", "datasets", "--suite=guides")
    numbers, count = ndimage.label(mask, np.ones([3, 3]))  # 8-connected.
    masks = [numbers == number for number in range(1, count + 1)]
    return [
        each
        for each in masks
        if each.sum() >= min_area_px
        and each.any(axis=0).sum() > 1
        and each.any(axis=1).sum() > 1
    ]


def _label(guide, evidence, region, classes, settings) -> None:
    if len(classes) == 1:
        guide[region] = classes[0]
        return
    options = np.array(classes, np.uint8)
    probabilities = division.seed_probabilities(
        evidence.seeds, options, settings.blur_px
    )
    energy = (
        -np.log(probabilities) if settings.unary == "log" else -probabilities
    )
    inferred = dense.infer(evidence.image, energy, settings.crf)
    guide[region] = options[inferred[region].argmax(axis=-1)]
