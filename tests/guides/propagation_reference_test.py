"""G2 against a slow reference and its invariants, on random scenes."""

import collections
import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from maps import evidence, scene

from guided_segmentation import crf, guides, labels
from guided_segmentation.guides import division, regions


def flood(mask, min_area_px):
    """Yields the 8-connected components of `regions.components` as sets."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    while left:
        reached = [left.pop()]
        found = set(reached)
        while reached:
            row, column = reached.pop()
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    near = row + down, column + right
                    if near in left:
                        left.remove(near)
                        found.add(near)
                        reached.append(near)
        sides = [{pixel[axis] for pixel in found} for axis in (0, 1)]
        if len(found) >= min_area_px and min(map(len, sides)) > 1:
            yield found


def divided(known, found, region, preset, dense_crf):
    """Divides a region as appendix E; blur and CRF have their own tests."""
    probabilities = division.seed_probabilities(known.seeds, found, 10.0)
    nodes = np.ones(known.seeds.shape, bool)
    energy = -probabilities
    if preset == "paper":
        energy = -np.log(probabilities)
        nodes = np.zeros(known.seeds.shape, bool)
        nodes[tuple(zip(*region, strict=True))] = True
    inferred = crf.infer(known.image, energy, dense_crf, nodes)
    return {pixel: found[inferred[pixel].argmax()] for pixel in region}


def slow_g2(known, salient, parts, preset, dense_crf):
    """Follows appendix E, or the release, component by component.

    Args:
      known: The evidence.
      salient: Salient regions, each a set of pixels.
      parts: Class and set of pixels of each seed component, by class.
      preset: "paper" or "released".
      dense_crf: Settings of the CRF that divides regions.

    Returns:
      The guide, and the rules that applied.
    """
    guide = np.full(known.seeds.shape, 255, np.uint8)
    used, events = set(), []
    for region in salient:
        hits = [i for i, (_, part) in enumerate(parts) if part & region]
        used.update(hits)
        found = sorted({parts[i][0] for i in hits} - {0})
        events.append(f"{min(len(found), 2)} categories")
        labelled = {}
        if len(found) == 1:
            labelled = dict.fromkeys(region, found[0])
        if len(found) > 1:
            labelled = divided(known, found, region, preset, dense_crf)
        for pixel, index in labelled.items():
            guide[pixel] = index
    for i, (index, part) in enumerate(parts):
        if index != 0 and i in used:
            events += ["bleeding"] * any(guide[pixel] == 255 for pixel in part)
        elif index != 0:
            events.append("isolated")
        for pixel in part:
            if index == 0 and not known.saliency_mask[pixel]:
                guide[pixel] = 0
            if index != 0 and i not in used:
                guide[pixel] = index
    if preset == "released":
        guide[guide == 255] = 0
    return guide, events


def test_g2_equals_a_slow_reference_on_200_random_scenes():
    names = [f"{count} categories" for count in range(3)] + [
        "isolated",
        "bleeding",
    ]
    events = collections.Counter(dict.fromkeys(names, 0))
    for seed in range(200):
        known = scene(seed)
        present = guides.present_classes(known.image_labels)
        salient = list(flood(known.saliency_mask, known.seeds.size / 100))
        for preset, chosen in guides.PRESETS.items():
            area = {"paper": known.seeds.size / 100, "released": 25}[preset]
            parts = [
                (int(index), part)
                for index in (0, *present)
                for part in flood(known.seeds == index, area if index else 25)
            ]
            for each in (crf.NONE, crf.DEEPLAB):
                wanted, seen = slow_g2(known, salient, parts, preset, each)
                guide = guides.g2(known, dataclasses.replace(chosen, crf=each))
                np.testing.assert_array_equal(guide, wanted, f"{seed} {preset}")
                events.update(seen)
    assert min(events.values()) >= 30 * 4, events


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), turns=st.integers(1, 3), flip=st.booleans())
def test_the_order_of_the_components_does_not_matter(seed, turns, flip):
    """In a turned scene the components are numbered in another order."""
    plain = guides.GuideSettings(blur_px=0, crf=crf.NONE)
    known = scene(seed)

    def turn(array):
        turned = np.rot90(array, turns)
        return np.ascontiguousarray(turned[::-1] if flip else turned)

    turned = guides.Evidence(
        image_id=known.image_id,
        image=turn(known.image),
        image_labels=known.image_labels,
        seeds=turn(known.seeds),
        saliency_mask=turn(known.saliency_mask),
    )
    np.testing.assert_array_equal(
        guides.g2(turned, plain), turn(guides.g2(known, plain))
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_background_of_g2_is_neither_seed_nor_salient(seed):
    known = scene(seed)
    background = guides.g2(known) == labels.BACKGROUND
    assert not known.seeds[background].any()
    assert not known.saliency_mask[background].any()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_oracle_with_true_seeds_is_the_truth(seed):
    """Only background components one pixel thick stay ignored."""
    numbers = regions.components(scene(seed).saliency_mask, 1)
    truth = np.where(numbers > 0, 1 + numbers % 4, 0).astype(np.uint8)
    perfect = evidence(truth, truth=truth, present=(1, 2, 3, 4))
    chosen = guides.GuideSettings(
        seed_min_area=guides.Area("1px"),
        background_min_area=guides.Area("1px"),
        saliency_min_area=guides.Area("0"),
    )
    guide = guides.saliency_oracle(perfect, chosen)
    committed = guide != labels.IGNORE
    np.testing.assert_array_equal(guide[committed], truth[committed])
    assert committed[
        (truth > 0) | (regions.components(truth == 0, 1) > 0)
    ].all()
