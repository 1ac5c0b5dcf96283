"""Baselines and upper bound: seeds alone, saliency alone, the true labels.

Source: Oh et al., CVPR 2017, sections 4.2 and 5 (G0), Table 2.
"""

import numpy as np

from guided_segmentation.guides.evidence import (
    Evidence,
    background_without_objects,
    present_classes,
    required_parts,
    seeds_of_present_objects,
)
from guided_segmentation.guides.settings import PAPER, GuideSettings
from guided_segmentation.labels import BACKGROUND


@background_without_objects
def seeds_only(
    evidence: Evidence, settings: GuideSettings = PAPER
) -> np.ndarray:
    """Labels each pixel as its seed; pixels without a seed are background.

    Seeds of objects that are absent from the image labels are background too.

    >>> import numpy as np
    >>> from guided_segmentation import guides
    >>> evidence = guides.Evidence(
    ...     image_id="a",
    ...     image=np.zeros((2, 4, 3), np.uint8),
    ...     image_labels=np.array([True, True, False]),
    ...     seeds=np.array([[0, 1, 1, 3], [2, 0, 1, 3]], np.uint8),
    ... )
    >>> print(guides.seeds_only(evidence))  # Object 3 is absent.
    [[0 1 1 0]
     [2 0 1 0]]

    Args:
      evidence: With image labels and seeds.
      settings: Unused.

    Returns:
      [height, width] uint8 label map of BACKGROUND and classes of the image
      labels, without IGNORE.

    Raises:
      ValueError: If the evidence lacks image labels or seeds.
    """
    image_labels, seeds = required_parts(evidence, "seeds_only")
    return seeds_of_present_objects(seeds, image_labels)


@background_without_objects
def g0(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Gives the whole foreground one class, drawn from the image labels.

    The random number generator is seeded with the name of the image, so that
    every run and every machine makes the same guide.

    >>> import numpy as np
    >>> from guided_segmentation import guides
    >>> evidence = guides.Evidence(
    ...     image_id="2011_003271",
    ...     image=np.zeros((2, 4, 3), np.uint8),
    ...     image_labels=np.array([False, False, True, False, True]),
    ...     saliency_mask=np.array([[0, 1, 1, 0], [0, 0, 1, 0]], bool),
    ... )
    >>> print(guides.g0(evidence))  # Class 5 was drawn from 3 and 5.
    [[0 5 5 0]
     [0 0 5 0]]

    Source: Oh et al., CVPR 2017, section 5, G0.

    Args:
      evidence: With image labels and a saliency mask.
      settings: Unused.

    Returns:
      [height, width] uint8 label map of BACKGROUND and one class of the image
      labels, without IGNORE.

    Raises:
      ValueError: If the evidence lacks image labels or a saliency mask.
    """
    image_labels, saliency_mask = required_parts(evidence, "g0")
    generator = np.random.default_rng(list(evidence.image_id.encode()))
    drawn = generator.choice(present_classes(image_labels))
    return np.where(saliency_mask, drawn, np.uint8(BACKGROUND))


def full(evidence: Evidence, settings: GuideSettings = PAPER) -> np.ndarray:
    """Returns a copy of the true label map.

    Args:
      evidence: With the true label map.
      settings: Unused.

    Returns:
      [height, width] uint8 label map; IGNORE where the true one has it.

    Raises:
      ValueError: If the evidence lacks the true label map.
    """
    (truth,) = required_parts(evidence, "full")
    return np.copy(truth)
