"""Decides what a call does: train, go on with a training, or add masks."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

from guided_segmentation import artifacts, labels
from guided_segmentation.errors import InputError
from guided_segmentation.own_photographs import (
    automatic,
    budgets,
    earlier,
    estimate,
    machine,
    sets,
)
from guided_segmentation.own_photographs.job import MASKS, Job, Request
from guided_segmentation.own_photographs.photographs import Photographs
from guided_segmentation.own_photographs.settings import Settings

# Settings that a trained segmenter leaves open.
_OF_MASKS = ("scales", "flip", "saliency_weight", "crf")

# From settings, number of classes and pixels of a photograph to what the probe
# prints.
Probe = Callable[[Settings, int, int], dict]


def decide(request: Request, found: Photographs, probe: Probe) -> Job:
    """Compares what is asked with what was done.

    A segmenter that is trained stays, whatever photographs are added, until
    --retrain. Until it is trained, a change of photographs, tags or settings
    begins anew where the change has an effect.

    Args:
      request: What the user asks for.
      found: All photographs that can be used.
      probe: Times single steps.

    Raises:
      InputError: If settings of a trained segmenter are to change, no
        photograph fits it, or a saliency map of the user is missing.
    """
    record = earlier.record(request.output_dir)
    is_trained = record and earlier.is_trained(request.output_dir)
    if is_trained and not request.retrain:
        made = _of_trained(request, found, record)
    else:
        made = _of_training(request, found, record, probe)
    _require_maps(made)
    (masks,) = (stage for stage in made.stages if stage.name == MASKS)
    if earlier.are_begun(masks, request.output_dir):
        return made
    return dataclasses.replace(made, missing=tuple(found.by_id))


def _require_maps(made: Job) -> None:
    """Checks that the user's folder has a saliency map of each photograph.

    Raises:
      InputError: If one is missing.
    """
    if made.saliency_dir is None:
        return
    missing = artifacts.missing(made.photographs.by_id, made.saliency_dir)
    if missing:
        raise InputError(
            f"--saliency=dir:{made.saliency_dir}: wanted a map of each of "
            f"{len(made.photographs)} photographs, {len(missing)} are missing, "
            f"the first is {missing[0]}.png; add them, or choose another "
            f"--saliency, such as builtin"
        )


def _of_trained(
    request: Request, found: Photographs, record: Mapping[str, Any]
) -> Job:
    """A job that adds masks by the segmenter that is there."""
    choices = _recorded_choices(record)
    for name, value in request.given.items():
        before = choices[name].value
        if before == value or (name, value) == ("precision", "auto"):
            continue
        if name not in _OF_MASKS:
            raise InputError(
                f"{request.output_dir} holds a segmenter trained with {name}="
                f"{before}, now it is {value}; add --retrain, or choose "
                f"another --output_dir"
            )
        choices[name] = automatic.Choice(value, automatic.GIVEN)
    known = found.known_to(labels.LabelSet(tuple(record["objects"])))
    more = {**record["asked"]["more"], **request.more}
    return Job(
        request=dataclasses.replace(request, more=more),
        photographs=known,
        learned=None,
        digest=record["learned_from"],
        num_learned=record["photographs"],
        choices=choices,
        speeds=record["speeds"],
        machine=machine.found(request.output_dir),
        state="trained",
        **_masks_to_make(request, known),
    )


def _of_training(
    request: Request,
    found: Photographs,
    record: Mapping[str, Any] | None,
    probe: Probe,
) -> Job:
    """A job that trains, or goes on with a training."""
    guide = automatic.guide(request.given, found)
    learned = found.only(found.one_tag) if guide == "g0" else found
    digest = sets.digest(learned, request.saliency_dir)
    asked = (digest, request.asked)
    is_same = record and (record["learned_from"], record["asked"]) == asked
    if is_same:
        choices, speeds = _recorded_choices(record), record["speeds"]
        here = machine.found(request.output_dir)
    else:
        choices, speeds, here = _chosen(request, found, learned, probe)
    return Job(
        request=request,
        photographs=found,
        learned=learned,
        digest=digest,
        num_learned=len(learned),
        choices=choices,
        speeds=speeds,
        machine=here,
        state="resumed" if is_same else "new",
        **_masks_to_make(request, found),
    )


def _chosen(
    request: Request, found: Photographs, learned: Photographs, probe: Probe
) -> tuple[automatic.Choices, dict[str, float], machine.Machine]:
    """Chooses settings for a training, with a few timed steps.

    Faster settings are tried if the budget would cut the wanted steps.
    """
    minutes, why = budgets.budget(request.minutes, len(found))
    here = machine.found(request.output_dir)
    for instead in automatic.INSTEAD:
        if instead.keys() & request.given.keys():
            break
        chosen = automatic.choose(request.given, found, learned, here, instead)
        timed = probe(
            automatic.settings_of(chosen),
            found.label_set.num_objects,
            found.median_pixels,
        )
        here = dataclasses.replace(here, gpus=tuple(timed["gpus"]))
        wanted = automatic.resolved(
            automatic.choose(request.given, found, learned, here, instead),
            timed["precision"],
            timed["precision_seconds"],
        )
        speeds = {**timed["seconds"], "cores": here.cores}
        total = functools.partial(_total, len(learned), found, speeds)
        fitted = budgets.within(wanted, minutes, total, why)
        if budgets.has_steps_of(wanted, fitted):
            break
    return fitted, speeds, here


def _total(
    learned: int,
    found: Photographs,
    speeds: Mapping[str, float],
    settings: Settings,
) -> float:
    """Returns the estimated seconds of all stages."""
    return sum(estimate.seconds(settings, learned, found, speeds).values())


def _masks_to_make(
    request: Request, found: Photographs
) -> dict[str, tuple[str, ...]]:
    """Fields of Job: the masks that are out of date, and what is to be made."""
    changed = earlier.changes(request.output_dir, found)

    def missing(folder: str) -> tuple[str, ...]:
        there = request.output_dir / folder
        without = {*artifacts.missing(found.by_id, there), *changed}
        return tuple(i for i in found.by_id if i in without)

    return {
        "changed": tuple(changed),
        "missing": missing("masks"),
        "without_saliency": missing("saliency_maps"),
    }


def _recorded_choices(record: Mapping[str, Any]) -> automatic.Choices:
    found = {
        name: automatic.Choice(each["value"], each["why"])
        for name, each in record["settings"].items()
    }
    for name in ("scales", "train_scales"):
        found[name] = found[name]._replace(value=tuple(found[name].value))
    return found
