import dataclasses

import numpy as np
import pytest
from maps import evidence
from scipy import ndimage

from guided_segmentation import crf, guides, labels
from guided_segmentation.guides import division


def two_colours():
    """One salient region with a dark and a bright half and a seed in each.

    The edge between the halves is at column 40. Seed 3 in the dark half bleeds
    out on the left; seed 5 in the bright half is far from the edge.
    """
    image = np.full((40, 60, 3), 40, np.uint8)
    image[:, 40:] = 200
    seeds = np.zeros((40, 60), np.uint8)
    seeds[10:20, 2:12] = 3
    seeds[15:25, 48:54] = 5
    saliency_mask = np.zeros((40, 60), bool)
    saliency_mask[5:35, 5:55] = True
    return evidence(seeds, saliency_mask, (3, 5), image=image)


def two_colours_divided():
    wanted = np.zeros((40, 60), np.uint8)
    wanted[10:20, 2:5] = labels.IGNORE
    wanted[5:35, 5:40] = 3
    wanted[5:35, 40:55] = 5
    return wanted


def test_a_region_is_divided_along_the_edge_in_the_image():
    np.testing.assert_array_equal(
        guides.g2(two_colours()), two_colours_divided()
    )


def test_the_crf_runs_on_the_pixels_of_the_region_alone(monkeypatch):
    masks = []

    def infer(image, energy, settings, mask, origin):
        masks.append((mask.tolist(), origin))
        return np.eye(2)[np.ones(mask.shape, int)]

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guide = guides.g2(known)
    # Its box alone, with its place in the photograph.
    assert masks == [(np.ones((30, 50), bool).tolist(), (5, 5))]
    wanted = two_colours_divided()
    wanted[known.saliency_mask] = 5
    np.testing.assert_array_equal(guide, wanted)


def test_the_crf_of_the_released_preset_runs_on_the_whole_image(monkeypatch):
    masks = []

    def infer(image, energy, settings, mask, origin):
        masks.append((mask, origin))
        return np.zeros(energy.shape)

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guide = guides.g2(known, guides.RELEASED)
    assert masks == [(None, (0, 0))]
    np.testing.assert_array_equal(guide, 3 * known.saliency_mask)


@pytest.mark.parametrize("unary", ["log", "prob"])
def test_the_energies_are_those_of_the_seed_probabilities(monkeypatch, unary):
    energies = []

    def infer(image, energy, settings, mask, origin):
        energies.append(energy)
        return np.zeros(energy.shape)

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guides.g2(known, guides.GuideSettings(unary=unary, blur_px=4))
    probabilities = [
        ndimage.gaussian_filter(
            np.clip((known.seeds == index).astype(float), 0.001, 0.999), 4
        )
        for index in (3, 5)
    ]
    wanted = np.stack(probabilities, axis=-1)
    wanted = -np.log(wanted) if unary == "log" else -wanted
    wanted = wanted[5:35, 5:55]  # The box of the region.
    np.testing.assert_allclose(energies, [wanted], atol=1e-4)


def test_both_unaries_divide_along_the_edge():
    for unary in ("log", "prob"):
        guide = guides.g2(two_colours(), guides.GuideSettings(unary=unary))
        np.testing.assert_array_equal(guide, two_colours_divided())


@pytest.mark.parametrize("size", [(5, 7), (64, 48)])
def test_the_blur_is_that_of_scipy(size):
    generator = np.random.default_rng(0)
    seeds = 7 * (generator.random(size) < 0.1).astype(np.uint8)
    np.testing.assert_allclose(
        division.seed_probabilities(seeds, [7], 10.0)[..., 0],
        ndimage.gaussian_filter(
            np.clip((seeds == 7).astype(float), 0.001, 0.999), 10.0
        ),
        atol=1e-5,
    )


@pytest.mark.parametrize("blur_px", [0.0, 3.0, 10.0])
@pytest.mark.parametrize("preset", guides.PRESETS)
def test_a_region_is_divided_as_over_the_whole_photograph(preset, blur_px):
    generator = np.random.default_rng(int(blur_px))
    chosen = dataclasses.replace(guides.PRESETS[preset], blur_px=blur_px)
    for _ in range(3):
        height, width = generator.integers(60, 130, 2)
        image = generator.integers(0, 256, (height, width, 3), np.uint8)
        seeds = np.zeros((height, width), np.uint8)
        seeds[generator.random(seeds.shape) < 0.01] = 3
        seeds[generator.random(seeds.shape) < 0.01] = 5
        region = np.zeros(seeds.shape, bool)
        top, left = generator.integers(0, 50, 2)
        region[top : top + 30, left : left + 40] = True
        region &= generator.random(seeds.shape) < 0.9
        classes = np.array([3, 5], np.uint8)
        found = division.divide(image, seeds, region, classes, chosen)
        whole = division.seed_probabilities(seeds, classes, blur_px)
        energy = -np.log(whole) if chosen.unary == "log" else -whole
        nodes = region if chosen.crf_extent == "region" else None
        wanted = crf.infer(image, energy, chosen.crf, nodes)[region]
        np.testing.assert_array_equal(found, classes[wanted.argmax(-1)])


@pytest.mark.parametrize(
    "box", [(0, 9, 0, 8), (50, 70, 31, 95), (99, 130, 0, 4)]
)
def test_the_probabilities_of_a_box_are_those_of_the_photograph(box):
    generator = np.random.default_rng(box[0])
    seeds = (generator.random((130, 95)) < 0.02).astype(np.uint8)
    inside = np.s_[box[0] : box[1], box[2] : box[3]]
    whole = division.seed_probabilities(seeds, np.array([1, 2]), 10.0)
    found = division._in_box(seeds, np.array([1, 2]), 10.0, inside)
    np.testing.assert_array_equal(found, whole[inside])
