import dataclasses

from maps import assert_guide, evidence, grid

from guided_segmentation import guides

SEEDS = """
    .......
    .22.11.
    .22..3.
    .......
"""
SALIENT = """
    .......
    ..##.#.
    ..##.#.
    ......#
"""


def known():
    return evidence(grid(SEEDS), grid(SALIENT).astype(bool), present=(1, 2))


def test_a_salient_seed_is_labelled_and_seed_or_saliency_alone_is_ignored():
    """Seed 3 is of an absent object, so it counts as no seed."""
    wanted = """
        .......
        .?2??1.
        .?2?.?.
        ......?
    """
    assert_guide(guides.oaa(known()), wanted)


def test_undecided_pixels_may_become_background():
    wanted = """
        .......
        ..2..1.
        ..2....
        .......
    """
    assert_guide(guides.oaa(known(), guides.RELEASED), wanted)


def test_the_seeds_are_not_changed_in_place():
    before = known()
    guides.oaa(before)
    after = dataclasses.asdict(before)
    assert_guide(after["seeds"], SEEDS)
