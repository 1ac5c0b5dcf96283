"""Flags of scores while a network trains. Only binaries import this module."""

from collections.abc import Mapping
from typing import Any

from absl import flags

from guided_segmentation.errors import InputError
from guided_segmentation.evaluation import held_out
from guided_segmentation.training import validation

VAL_STEPS = flags.DEFINE_integer(
    "val_steps",
    validation.Validation.steps,
    "Steps between two scores of the held-out images.",
    lower_bound=1,
)
VAL_IMAGES = flags.DEFINE_integer(
    "val_images",
    100,
    "Score at most this many of the held-out images, at equal intervals; "
    "scoring one takes about as long as predicting it.",
    lower_bound=1,
)
KEEP = flags.DEFINE_enum(
    "keep",
    validation.Validation.keep,
    validation.KEEP,
    "Which weights the run ends with: of the last step, or of the step with "
    "the best score of the held-out images.",
)


def validated(
    name: str, score: held_out.Score, images: Mapping[str, Any]
) -> validation.Validation:
    """Returns what the flags say of scores while a network trains.

    Args:
      name: Of the score, such as "miou".
      score: Takes the network; returns its score.
      images: What is scored, for settings.json.
    """
    return validation.Validation(
        name=name,
        score=score,
        steps=VAL_STEPS.value,
        keep=KEEP.value,
        images=images,
    )


def require_unused(flag: flags.FlagHolder) -> None:
    """Checks that no flag of this module is given where nothing is scored.

    Args:
      flag: The flag that says what is scored, and is not given.

    Raises:
      ValueError: If one is given.
    """
    given = [each for each in (VAL_STEPS, VAL_IMAGES, KEEP) if each.present]
    if given:
        raise InputError(
            f"--{given[0].name} wanted --{flag.name}, which says what is "
            f"scored while the network trains; found none"
        )
