"""Maps as text and random maps, for the tests of guides."""

import numpy as np

from guided_segmentation import guides

# Area limits for maps of 12 x 6 pixels: 4 pixels for seeds, and for salient
# regions 6 %, which is 5 pixels.
SMALL = guides.GuideSettings(
    seed_min_area=guides.Area("4px"),
    background_min_area=guides.Area("4px"),
    saliency_min_area=guides.Area("0.06"),
)


def grid(text):
    """Returns the [height, width] uint8 map that a text shows.

    A digit is a class, "." is 0, "#" is 1 and "?" is 255.
    """
    values = {".": 0, "#": 1, "?": 255, **{str(i): i for i in range(10)}}
    rows = text.split()
    return np.array([[values[letter] for letter in row] for row in rows], "u1")


def evidence(seeds=None, saliency_mask=None, present=(1, 2), **parts):
    """Returns evidence of a black image with some of 5 objects present."""
    size = next(
        part.shape
        for part in (seeds, saliency_mask, parts.get("truth"))
        if part is not None
    )
    return guides.Evidence(
        image_id=parts.pop("image_id", "2007_000032"),
        image=parts.pop("image", np.zeros((*size, 3), np.uint8)),
        image_labels=np.isin(np.arange(1, 6), present),
        seeds=seeds,
        saliency_mask=saliency_mask,
        **parts,
    )


def g2(seeds, saliency, chosen=SMALL, **parts):
    """Returns G2 of two maps given as text."""
    mask = grid(saliency).astype(bool)
    return guides.g2(evidence(grid(seeds), mask, **parts), chosen)


def assert_guide(guide, wanted):
    """Checks a guide against a map given as text."""
    assert guide.dtype == np.uint8
    np.testing.assert_array_equal(guide, grid(wanted))


NOTHING = """
    ............
    ............
    ............
    ............
    ............
    ............
"""
REGION = """
    ............
    ..######....
    ..######....
    ..######....
    ..######....
    ............
"""
SPECK = """
    ............
    ............
    ....1.......
    ....11......
    ............
    ............
"""
FOUR = """
    ............
    ............
    ....11......
    ....11......
    ............
    ............
"""
TWO_REGIONS = """
    ............
    .####..####.
    .####..####.
    .####..####.
    ............
    ............
"""


def scene(seed):
    """Returns evidence with random rectangles, specks and lines.

    Sides have 36 to 59 pixels. Seeds have classes 1 to 4. Shapes may overlap
    each other and the border.
    """
    generator = np.random.default_rng(seed)
    height, width = generator.integers(36, 60, 2)
    seeds = np.zeros((height, width), np.uint8)
    saliency_mask = np.zeros((height, width), bool)

    def rectangle(largest):
        top, left = generator.integers(-4, [height, width])
        rows, columns = generator.integers(1, largest, 2)
        return np.s_[max(top, 0) : top + rows, max(left, 0) : left + columns]

    image = generator.integers(0, 256, (10, 10, 3), np.uint8)
    for _ in range(generator.integers(1, 6)):
        saliency_mask[rectangle(26)] = True
    for _ in range(generator.integers(3, 11)):
        seeds[rectangle(16)] = generator.integers(1, 5)
    for _ in range(10):
        seeds[rectangle(4)] = generator.integers(0, 5)
        saliency_mask[rectangle(4)] ^= True
    seeds[generator.integers(height), generator.integers(width) :] = 1
    saliency_mask[generator.integers(height) :, generator.integers(width)] ^= (
        True
    )
    return evidence(
        seeds,
        saliency_mask,
        present=generator.permutation([1, 2, 3, 4])[: generator.integers(1, 5)],
        image=image.repeat(6, axis=0).repeat(6, axis=1)[:height, :width],
    )
