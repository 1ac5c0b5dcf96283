"""One call of make_masks: what is asked, what was done, what is to do."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guided_segmentation import artifacts, labels, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.experiments.ledger import Stage
from guided_segmentation.own_photographs import (
    automatic,
    estimate,
    machine,
    sets,
    stages,
)
from guided_segmentation.own_photographs import (
    settings as names,
)
from guided_segmentation.own_photographs.photographs import Photographs

# Settings that a trained segmenter leaves open.
_OF_MASKS = ("scales", "flip", "crf")

# From settings, number of classes and pixels of a photograph to what the probe
# prints.
Probe = Callable[[names.Settings, int, int], dict]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asks for.

    Attributes:
      data_dir: Folder of the photographs.
      image_labels: Their tags, as --image_labels takes it.
      output_dir: Folder of the results.
      given: Settings that win, as `settings.checked` returns them.
      more: Further flags of stages, by the keys of stages.MORE.
      minutes: Budget of the whole; None for no limit.
      retrain: Whether to train anew on all photographs.
    """

    data_dir: pathlib.Path
    image_labels: str
    output_dir: pathlib.Path
    given: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    more: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    minutes: float | None = None
    retrain: bool = False

    @property
    def asked(self) -> dict[str, Any]:
        """What decides the settings, as JSON has it."""
        given = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.given.items()
        }
        more = {key: list(each) for key, each in self.more.items() if each}
        return {"given": given, "more": more, "minutes": self.minutes}

    @property
    def saliency_dir(self) -> pathlib.Path | None:
        """The user's folder of saliency maps, if there is one."""
        name = self.given.get("saliency", "")
        if not name.startswith("dir:"):
            return None
        return pathlib.Path(name.removeprefix("dir:")).expanduser()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Job:
    """What one call does.

    Attributes:
      request: What the user asks for.
      photographs: Those that get masks.
      learned: Those that the networks learn from; None if the segmenter is
        trained already and learns nothing.
      digest: Of these, from `sets.digest`.
      num_learned: How many they are.
      choices: All settings with their reasons.
      speeds: Seconds of single steps, from `probe`.
      machine: Where it runs.
      state: "new", "resumed" or "trained".
      changed: Ids of photographs whose masks are out of date.
      missing: Ids of photographs without a mask.
    """

    request: Request
    photographs: Photographs
    learned: Photographs | None
    digest: str
    num_learned: int
    choices: automatic.Choices
    speeds: Mapping[str, float]
    machine: machine.Machine
    state: str
    changed: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def settings(self) -> names.Settings:
        """The settings of all stages."""
        return automatic.settings_of(self.choices)

    @property
    def stages(self) -> list[Stage]:
        """The stages, those that are done included."""
        return stages.plan(self.settings, self.digest, self.request.more)

    @property
    def seconds(self) -> dict[str, float]:
        """Estimated seconds of the stages, before what is done is left out."""
        found = estimate.seconds(
            self.settings, self.num_learned, self.photographs, self.speeds
        )
        if self.state == "trained":
            of_mask = estimate.mask(self.settings, self.speeds)
            start = self.speeds["start"] + self.speeds["build"]
            found["segment_images"] = start + len(self.missing) * of_mask
        return found

    def record(self, command: str) -> dict:
        """Returns the content of settings.json.

        Args:
          command: The call.
        """
        return {
            "settings": {
                name: {"value": value, "why": why}
                for name, (value, why) in self.choices.items()
            },
            "asked": self.request.asked,
            "learned_from": self.digest,
            "photographs": self.num_learned,
            "objects": list(self.photographs.label_set.objects),
            "machine": dataclasses.asdict(self.machine),
            "speeds": dict(self.speeds),
            "command": command,
        }


def make(request: Request, found: Photographs, probe: Probe) -> Job:
    """Compares what is asked with what was done.

    A segmenter that is trained stays, whatever photographs are added, until
    --retrain. Until it is trained, a change of photographs, tags or settings
    begins anew where the change has an effect.

    Args:
      request: What the user asks for.
      found: All photographs that can be used.
      probe: Times single steps.

    Raises:
      InputError: If settings of a trained segmenter are to change, or no
        photograph fits it.
    """
    record = recorded(request.output_dir)
    if record and is_trained(request.output_dir) and not request.retrain:
        return _of_trained(request, found, record)
    learned = to_learn(request, found)
    digest = sets.digest(learned, request.saliency_dir)
    if (
        record
        and record["learned_from"] == digest
        and record["asked"] == request.asked
    ):
        choices, speeds = _choices(record), record["speeds"]
        here = machine.found(request.output_dir)
        state = "resumed"
    else:
        choices, speeds, here = _chosen(request, found, learned, probe)
        state = "new"
    return _job(request, found, choices, state, learned, digest, speeds, here)


def recorded(output_dir: pathlib.Path) -> dict | None:
    """Returns the settings.json of an earlier call, or None.

    Args:
      output_dir: Folder of the results.

    Raises:
      InputError: If it is the folder of something else.
    """
    path = output_dir / provenance.SETTINGS_FILE
    if not path.is_file():
        return None
    record = artifacts.read_json(path)
    if "learned_from" not in record:
        raise InputError(
            f"{output_dir}: wanted a folder of make_masks or a new one, found "
            f"a settings.json of something else; choose another --output_dir"
        )
    return record


def is_trained(output_dir: pathlib.Path) -> bool:
    """Whether a segmenter is there, trained to its end.

    Args:
      output_dir: Folder of the results.
    """
    return (output_dir / "segmenter" / "weights.npz").is_file()


def to_learn(request: Request, found: Photographs) -> Photographs:
    """Returns the photographs to learn from.

    Args:
      request: What the user asks for.
      found: All photographs that can be used.
    """
    guide = automatic.guide(request.given, found)
    return found.only(found.one_tag) if guide == "g0" else found


def _of_trained(request, found, record):
    """A job that adds masks by the segmenter that is there."""
    choices = _choices(record)
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
    here = machine.found(request.output_dir)
    return _job(
        dataclasses.replace(
            request, more={**record["asked"]["more"], **request.more}
        ),
        known,
        choices,
        "trained",
        None,
        record["learned_from"],
        record["speeds"],
        here,
        record["photographs"],
    )


def _chosen(request, found, learned, probe):
    """Chooses settings for a training, with a few timed steps."""
    here = machine.found(request.output_dir)
    choices = automatic.choose(request.given, found, learned, here)
    timed = probe(
        automatic.settings_of(choices),
        found.label_set.num_objects,
        found.median_pixels,
    )
    here = dataclasses.replace(here, gpus=tuple(timed["gpus"]))
    choices = automatic.choose(request.given, found, learned, here)
    choices = automatic.resolved(
        choices, timed["precision"], timed["precision_seconds"]
    )
    speeds = {**timed["seconds"], "cores": here.cores}

    def total(settings):
        each = estimate.seconds(settings, len(learned), found, speeds)
        return sum(each.values())

    return automatic.within(choices, request.minutes, total), speeds, here


def _job(
    request, found, choices, state, learned, digest, speeds, here, count=None
):
    masks = request.output_dir / "masks"
    changed = changes(request.output_dir, found)
    without = set(artifacts.missing(found.by_id, masks)) | set(changed)
    return Job(
        request=request,
        photographs=found,
        learned=learned,
        digest=digest,
        num_learned=len(learned) if learned else count,
        choices=choices,
        speeds=speeds,
        machine=here,
        state=state,
        changed=tuple(changed),
        missing=tuple(i for i in found.by_id if i in without),
    )


def changes(output_dir: pathlib.Path, found: Photographs) -> list[str]:
    """Returns the photographs that changed since their masks were made.

    Args:
      output_dir: Folder of the results.
      found: The photographs now.

    Returns:
      Ids of those that are another file, or have other tags.
    """
    path = output_dir / "data" / "masks.json"
    before = artifacts.read_json(path) if path.is_file() else {}
    now = content(found)
    return [i for i in now if i in before and before[i] != now[i]]


def content(found: Photographs) -> dict[str, list]:
    """Returns what each mask is made from besides the segmenter, as JSON.

    Args:
      found: The photographs.
    """
    return {
        image_id: [each.digest, list(each.tags)]
        for image_id, each in found.by_id.items()
    }


def _choices(record: Mapping) -> automatic.Choices:
    found = {
        name: automatic.Choice(each["value"], each["why"])
        for name, each in record["settings"].items()
    }
    for name in ("scales", "train_scales"):
        found[name] = found[name]._replace(value=tuple(found[name].value))
    return found
