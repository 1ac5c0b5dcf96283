"""What the plan warns of."""

import dataclasses

import own_scenes
from own_photographs_samples import photographs

from guided_segmentation.own_photographs import machine, plan_warnings

SMALL = machine.Machine(cores=2, memory_gb=12.0, disk_gb=50.0)
MANY = photographs(*["cat"] * 40, *["dog"] * 40, *["cat dog"] * 20)


def test_a_budget_that_nothing_fits_is_warned_of():
    assert plan_warnings.budget_warning(20 * 60, None, 100) is None
    assert plan_warnings.budget_warning(7 * 60, 7, 100) is None
    assert plan_warnings.budget_warning(7 * 60 + 1, 7, 100) == (
        "warning: no settings fit 7 minutes on this machine as it is now; the "
        "shortest trainings that are of use are planned. Close other "
        "programs, or give more --minutes for better masks"
    )


def test_too_little_memory_is_warned_of():
    tight = dataclasses.replace(SMALL, memory_gb=1.0)
    chosen = own_scenes.chosen()
    assert plan_warnings.memory_warning(chosen, MANY, SMALL) is None
    assert plan_warnings.memory_warning(chosen, MANY, tight).startswith(
        "warning: about "
    )
