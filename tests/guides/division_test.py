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

    def infer(image, energy, settings, mask):
        masks.append(mask)
        return np.eye(2)[np.ones(mask.shape, int)]

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guide = guides.g2(known)
    np.testing.assert_array_equal(masks, [known.saliency_mask])
    wanted = two_colours_divided()
    wanted[known.saliency_mask] = 5
    np.testing.assert_array_equal(guide, wanted)


def test_the_crf_of_the_released_preset_runs_on_the_whole_image(monkeypatch):
    masks = []

    def infer(image, energy, settings, mask):
        masks.append(mask)
        return np.zeros(energy.shape)

    monkeypatch.setattr(crf, "infer", infer)
    known = two_colours()
    guide = guides.g2(known, guides.RELEASED)
    assert masks == [None]
    np.testing.assert_array_equal(guide, 3 * known.saliency_mask)


@pytest.mark.parametrize("unary", ["log", "prob"])
def test_the_energies_are_those_of_the_seed_probabilities(monkeypatch, unary):
    energies = []

    def infer(image, energy, settings, mask):
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
