"""What becomes of the automatic settings where time is short."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from guided_segmentation.own_photographs.automatic import (
    GIVEN,
    MIN_STEPS,
    Choice,
    Choices,
    settings_of,
)
from guided_segmentation.own_photographs.settings import Settings

_FREE_FLIP = "costs nothing: the features of mirror images are cached"
_MINUTES, _COUNT = 20.0, 150  # For so many photographs; more in proportion.


def budget(minutes: float | None, count: int) -> tuple[float, str]:
    """Returns the minutes that all may take, and how to say so.

    Args:
      minutes: That the user gave, or None.
      count: Number of photographs.

    Example:
      >>> budget(None, 300)
      (40.0, 'fits 40 minutes, --minutes gives more')
      >>> budget(7, 300)
      (7, 'fits --minutes=7')
    """
    if minutes is not None:
        return minutes, f"fits --minutes={minutes:g}"
    usual = _MINUTES * max(1.0, count / _COUNT)
    return usual, f"fits {usual:.0f} minutes, --minutes gives more"


def within(
    choices: Choices,
    minutes: float,
    total: Callable[[Settings], float],
    why: str,
) -> Choices:
    """Cuts what can be cut until the whole fits a budget.

    First the second scale goes, in prediction and in training, then steps.
    Where features are cached, mirror images then cost nothing. Settings that
    the user gave stay.

    Args:
      choices: Of `choose`.
      minutes: The budget.
      total: From settings to the seconds of all stages.
      why: The reason of what is cut.
    """
    choices = _with_free_flip(choices)
    for cut in ({"scales": (1.0,)}, {"train_scales": (1.0,)}):
        if total(settings_of(choices)) <= 60 * minutes:
            return choices
        choices = _with_free_flip(_cut(choices, cut, why))
    return _fewer_steps(choices, 60 * minutes, total, why)


def _with_free_flip(choices: Choices) -> Choices:
    """Averages masks with those of the mirror image where this is free."""
    if not settings_of(choices).predicts_from_features:
        return choices
    return _cut(choices, {"flip": True}, _FREE_FLIP)


def has_steps_of(wanted: Choices, fitted: Choices) -> bool:
    """Whether a budget leaves the trainings their steps.

    Args:
      wanted: Of `choose`.
      fitted: Of `within`.
    """
    names = ("seeder_steps", "segmenter_steps")
    return all(wanted[name].value == fitted[name].value for name in names)


def _cut(choices: Choices, values: Mapping[str, Any], why: str) -> Choices:
    return {
        name: Choice(values[name], why)
        if name in values and each.why != GIVEN
        else each
        for name, each in choices.items()
    }


def _fewer_steps(choices, budget, total, why):
    """Lowers the steps of both trainings by one factor."""
    settings = settings_of(choices)
    names = ("seeder_steps", "segmenter_steps")
    free = [name for name in names if choices[name].why != GIVEN]
    none = dataclasses.replace(settings, **dict.fromkeys(free, 0))
    fixed, whole = total(none), total(settings)
    if whole <= budget or whole == fixed:
        return choices
    factor = max((budget - fixed) / (whole - fixed), 0.0)
    steps = {
        name: max(MIN_STEPS, int(factor * getattr(settings, name)))
        for name in free
    }
    return _cut(choices, steps, why)
