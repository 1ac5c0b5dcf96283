"""Maps small enough to read, and random ones, for the tests of guides."""

import numpy as np

from guided_segmentation import guides

# Thresholds for maps small enough to read: seeds from 4 pixels on, salient
# regions from 6 % on, which is 5 of 12 x 6 pixels.
SMALL = guides.GuideSettings(seed_min_area_px=4, saliency_min_area=0.06)


def grid(text):
    """Reads a map: a digit is a class, "." is 0, "#" is 1 and "?" is 255."""
    values = {".": 0, "#": 1, "?": 255, **{str(i): i for i in range(10)}}
    rows = text.split()
    return np.array([[values[letter] for letter in row] for row in rows], "u1")


def evidence(seeds=None, saliency_mask=None, present=(1, 2), **parts):
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


def assert_guide(guide, wanted):
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
    """Random rectangles, specks and lines of classes 1 to 4; 36 to 59 pixels.

    They touch each other and the border as it happens.
    """
    random = np.random.default_rng(seed)
    height, width = random.integers(36, 60, 2)
    seeds = np.zeros((height, width), np.uint8)
    saliency_mask = np.zeros((height, width), bool)

    def rectangle(largest):
        top, left = random.integers(-4, [height, width])
        rows, columns = random.integers(1, largest, 2)
        return np.s_[max(top, 0) : top + rows, max(left, 0) : left + columns]

    image = random.integers(0, 256, (10, 10, 3), np.uint8)
    for _ in range(random.integers(1, 6)):
        saliency_mask[rectangle(26)] = True
    for _ in range(random.integers(3, 11)):
        seeds[rectangle(16)] = random.integers(1, 5)
    for _ in range(10):
        seeds[rectangle(4)] = random.integers(0, 5)
        saliency_mask[rectangle(4)] ^= True
    seeds[random.integers(height), random.integers(width) :] = 1
    saliency_mask[random.integers(height) :, random.integers(width)] ^= True
    return evidence(
        seeds,
        saliency_mask,
        present=random.permutation([1, 2, 3, 4])[: random.integers(1, 5)],
        image=image.repeat(6, axis=0).repeat(6, axis=1)[:height, :width],
    )
