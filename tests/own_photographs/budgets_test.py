"""What a budget cuts, and what it leaves."""

import pytest
from own_photographs_samples import photographs

from guided_segmentation.own_photographs import (
    automatic,
    budgets,
    machine,
    settings,
)

SMALL = machine.Machine(cores=2, memory_gb=12.0, disk_gb=50.0)
MANY = photographs(*["cat"] * 40, *["dog"] * 40, *["cat dog"] * 20)


def choose(**given):
    return automatic.choose(settings.checked(given), MANY, MANY, SMALL)


def total(chosen):
    """Seconds by a formula: views, then steps."""
    views = 0 if chosen.predicts_from_features else len(chosen.scales)
    steps = chosen.seeder_steps + chosen.segmenter_steps
    return 60 + 60 * views + steps * len(chosen.train_scales)


def within(minutes, choices=None):
    choices = choices or choose()
    return budgets.within(choices, minutes, total, "fits")


def test_a_budget_that_suffices_changes_nothing():
    assert within(1000) == choose()


def test_whether_a_budget_cuts_steps():
    assert budgets.has_steps_of(choose(), within(10))
    assert not budgets.has_steps_of(choose(), within(4))


def test_a_budget_cuts_views_before_steps():
    before = automatic.settings_of(choose())
    assert total(before) > 600
    choices = within(10)
    chosen = automatic.settings_of(choices)
    assert total(chosen) <= 10 * 60
    assert choices["scales"] == ((1.0,), "fits")
    assert chosen.segmenter_steps == before.segmenter_steps


def test_a_small_budget_cuts_steps_by_one_factor():
    before = automatic.settings_of(choose())
    chosen = automatic.settings_of(within(5))
    assert total(chosen) <= 5 * 60
    assert chosen.scales == chosen.train_scales == (1.0,)
    assert chosen.flip
    factors = [
        chosen.seeder_steps / before.seeder_steps,
        chosen.segmenter_steps / before.segmenter_steps,
    ]
    assert factors[0] == pytest.approx(factors[1], abs=0.02)


def test_a_budget_leaves_what_the_user_gave():
    given = choose(flip=True, segmenter_steps=300)
    chosen = automatic.settings_of(within(1, given))
    assert chosen.flip
    assert chosen.segmenter_steps == 300


def test_the_usual_budget_grows_with_the_photographs():
    assert budgets.budget(None, 60)[0] == budgets.budget(None, 150)[0] == 20
    assert budgets.budget(None, 300)[0] == 40
    assert budgets.budget(8, 300) == (8, "fits --minutes=8")


def test_a_mirror_image_is_averaged_where_it_costs_nothing():
    assert within(10)["flip"].value
    assert "features of mirror images are cached" in within(10)["flip"].why
    assert within(1000, choose(scales=[1]))["flip"].value
    assert not within(10, choose(framing="tight"))["flip"].value
    assert within(10, choose(flip=False))["flip"] == (False, automatic.GIVEN)
