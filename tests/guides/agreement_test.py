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


def test_what_both_say_is_labelled_and_what_one_says_is_ignored():
    """Seed 3 is of an absent object, so it says nothing."""
    wanted = """
        .......
        .?2??1.
        .?2?.?.
        ......?
    """
    assert_guide(guides.oaa(known()), wanted)


def test_doubt_may_become_background():
    wanted = """
        .......
        ..2..1.
        ..2....
        .......
    """
    assert_guide(guides.oaa(known(), guides.RELEASED), wanted)


def test_the_evidence_stays_as_it_was():
    before = known()
    guides.oaa(before)
    after = dataclasses.asdict(before)
    assert_guide(after["seeds"], SEEDS)
