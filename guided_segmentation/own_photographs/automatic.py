"""Automatic settings: what photographs, machine and budget suggest.

Every choice comes with its reason, which the plan prints.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from guided_segmentation.own_photographs.machine import Machine
from guided_segmentation.own_photographs.photographs import Photographs
from guided_segmentation.own_photographs.settings import FIELDS, Settings

# Photographs of a class below which seeds are worse than saliency with the
# tag; docs/start/own_photographs.md has the measurement.
MIN_A_CLASS = 10
GIVEN = "as you said"
MIN_STEPS = 40
_SEEDER_EPOCHS, _SEGMENTER_EPOCHS = 12, 16
_MAX_STEPS = {"seeder": 200, "segmenter": 500}
_LARGE = 800  # Photographs from which the steps are those of VOC's 800.


class Choice(NamedTuple):
    """A setting and why it is so."""

    value: Any
    why: str


Choices = dict[str, Choice]
# What is chosen instead where a budget does not suffice, the best first. A
# smaller input would cost more than fewer steps: 1.8 points for 257 pixels.
INSTEAD: tuple[Choices, ...] = (
    {},
    {
        "freeze_through": Choice(
            "conv5_2", "halves the time of a step, for a point of mIoU"
        )
    },
)


def choose(
    given: Mapping[str, Any],
    found: Photographs,
    photographs: Photographs,
    machine: Machine,
    instead: Mapping[str, Choice] | None = None,
) -> Choices:
    """Chooses every setting but those that need timings.

    Args:
      given: Settings that the user gave, which win.
      found: All photographs.
      photographs: To learn from.
      machine: The user's.
      instead: Choices that win over the usual ones, of INSTEAD.

    Returns:
      By name of the field of Settings. "precision" is "auto" unless given;
      `resolved` and `within` finish it.
    """
    choices: Choices = {}

    def decide(name: str, value: Any, why: str) -> Any:
        choices[name] = (instead or {}).get(name, Choice(value, why))
        if name in given:
            choices[name] = Choice(given[name], GIVEN)
        return choices[name].value

    decide("precision", "auto", "a convolution is timed")
    decide("saliency", "builtin", "the net that comes with the package")
    decide("guide", *_guide(found))
    decide("seeder", "gap_lowres", "learns from fewest photographs")
    decide("threshold", 0.2, "as in the paper")
    decide("trunk_weights", "imagenet", "little is learned without")
    size = decide("input_size", 321, "as in the paper")
    _network(decide, photographs, machine, size)
    _training(decide, photographs, machine)
    _prediction(decide)
    decide("seed", 0, "runs can be repeated")
    return {name: choices[name] for name in FIELDS}


def guide(given: Mapping[str, Any], found: Photographs) -> str:
    """Returns the guide alone, on which the photographs to learn from depend.

    Args:
      given: Settings that the user gave, which win.
      found: All photographs.
    """
    return given.get("guide") or _guide(found)[0]


def resolved(
    choices: Choices, precision: str, seconds: Mapping[str, float]
) -> Choices:
    """Fills in the precision that was measured.

    Args:
      choices: Of `choose`.
      precision: That the machine is fastest in.
      seconds: Of a convolution, by precision.
    """
    if choices["precision"].value != "auto":
        return choices
    timed = ", ".join(f"{name} {s:.3f} s" for name, s in seconds.items())
    why = f"the fastest here: a convolution takes {timed}"
    missing = {"float32", "mixed_bfloat16"} - seconds.keys()
    if seconds and missing:
        why += f"; there is none in {', '.join(sorted(missing))}"
    return {**choices, "precision": Choice(precision, why)}


def settings_of(choices: Choices) -> Settings:
    """Returns the settings without their reasons.

    Args:
      choices: By name of the field.
    """
    return Settings(**{name: each.value for name, each in choices.items()})


def _guide(photographs: Photographs) -> tuple[str, str]:
    """The guide, and why: seeds need enough photographs of several kinds."""
    counts = sorted(photographs.counts.values())
    if not counts:
        return "g0", "no photograph has a tag"
    middle = counts[len(counts) // 2]
    without = len(photographs) - counts[-1]
    if len(counts) == 1 and without < MIN_A_CLASS:
        return "g0", (
            "a seeder tells classes apart, and there is one class with "
            f"{without} photographs without it; wanted {MIN_A_CLASS}"
        )
    if middle < MIN_A_CLASS:
        return "g0", (
            f"too few photographs for a seeder: {middle} of the middle class, "
            f"wanted {MIN_A_CLASS}; saliency takes the tag where a photograph "
            f"has one"
        )
    return "g2", f"a class has {middle} photographs, enough for a seeder"


def _network(decide, photographs, machine, size):
    frozen = decide(
        "freeze_through",
        "conv4_3",
        "photographs are too few to change lower layers",
    )
    needed = _features_gb(size, len(photographs))
    if frozen != "none" and needed < machine.disk_gb / 2:
        decide("framing", "whole", "features of frozen layers are cached")
    else:
        decide(
            "framing",
            "tight",
            (f"features of frozen layers would take {needed:.0f} GB"),
        )
    decide("width_multiplier", 1.0, "as pretrained")
    decide("head_channels", 512, "as good as 1024 on few photographs")


def _features_gb(size: int, count: int) -> float:
    return count * ((size - 1) // 16 + 1) ** 2 * 3.25 * 2048 / 1e9


def _training(decide, photographs, machine):
    count = len(photographs)
    decide("learning_rate", 1e-4, "of Adam, on VOC photographs")
    for name, batch, epochs in (
        ("seeder", 16, _SEEDER_EPOCHS),
        ("segmenter", 10, _SEGMENTER_EPOCHS),
    ):
        batch = min(batch, count)
        if machine.memory_gb < 4:
            batch = min(batch, 4)
        batch = decide(
            f"{name}_batch_size", batch, "large enough for stable steps"
        )
        steps, why = _steps(name, count, batch, epochs, machine)
        decide(f"{name}_steps", steps, why)
    decide("train_scales", (1.0, 1.5), "small objects need it")
    decide("crf_loss", "v2", "sharper borders at no cost in prediction")


def _steps(name, count, batch, epochs, machine):
    """Steps of a training, and why: epochs, but no more than is useful."""
    limit = _MAX_STEPS[name] * (4 if machine.gpus else 1)
    limit *= max(1.0, count / _LARGE) ** 0.5
    wanted = math.ceil(epochs * count / batch)
    steps = int(min(max(wanted, 2 * MIN_STEPS), limit))
    seen = steps * batch / count
    return steps, f"each of {count} photographs is seen {seen:.0f} times"


def _prediction(decide):
    decide("scales", (1.0, 1.5), "small objects need it")
    decide("flip", False, "the second size gains more for its time")
    decide("saliency_weight", 3.0, "the segmenter alone is too sure of itself")
    decide("crf", "deeplab", "borders follow edges in the photograph")
