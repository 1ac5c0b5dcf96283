"""One call of make_masks: what is asked, what was done, what is to do."""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from guided_segmentation.experiments.ledger import Stage
from guided_segmentation.own_photographs import (
    automatic,
    earlier,
    estimate,
    machine,
    stages,
)
from guided_segmentation.own_photographs import (
    settings as names,
)
from guided_segmentation.own_photographs.photographs import Photographs

MASKS = "segment_images"  # Names of the stages that all photographs need.
SALIENCY = "make_saliency"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asks for.

    Attributes:
      data_dir: Folder of the photographs.
      image_labels: Their tags, as --image_labels takes it.
      output_dir: Folder of the results.
      given: Settings that win, as `settings.checked` returns them.
      more: Further flags of stages, by the keys of stages.MORE.
      minutes: Budget of the whole; None for the usual one.
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
      without_saliency: Ids of photographs without a saliency map.
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
    without_saliency: tuple[str, ...]

    @property
    def settings(self) -> names.Settings:
        """The settings of all stages."""
        return automatic.settings_of(self.choices)

    @property
    def stages(self) -> list[Stage]:
        """The stages, those that are done included."""
        return stages.plan(self.settings, self.digest, self.request.more)

    @functools.cached_property
    def done(self) -> frozenset[str]:
        """Names of the stages that are done."""
        done = earlier.done_stages(self.stages, self.request.output_dir)
        open_again = {
            *([MASKS] if self.missing else []),
            *([SALIENCY] if self.without_saliency else []),
        }
        return done - open_again

    @property
    def saliency_dir(self) -> pathlib.Path | None:
        """The user's folder of saliency maps, if there is one."""
        name = self.settings.saliency
        if not name.startswith("dir:"):
            return None
        return pathlib.Path(name.removeprefix("dir:"))

    @property
    def seconds(self) -> dict[str, float]:
        """Estimated seconds of the stages, before what is done is left out."""
        found = estimate.seconds(
            self.settings, self.num_learned, self.photographs, self.speeds
        )
        if self.state == "trained":
            of_mask = estimate.mask(self.settings, self.speeds)
            start = self.speeds["start"] + self.speeds["build"]
            found[MASKS] = start + len(self.missing) * of_mask
            if SALIENCY in found:
                of_map = estimate.saliency_map(self.speeds)
                count = len(self.without_saliency)
                found[SALIENCY] = start + count * of_map
        return found

    def record(self, command: str) -> dict:
        """Returns the content of settings.json.

        Args:
          command: The call.

        Returns:
          What the training is described by; of a trained segmenter only the
          settings of masks may differ from what is recorded.
        """
        if self.state == "trained":
            before = earlier.record(self.request.output_dir) or {}
            asked = {**before["asked"], "more": self.request.asked["more"]}
            return {**before, "settings": self._settings, "asked": asked}
        return {
            "settings": self._settings,
            "asked": self.request.asked,
            "learned_from": self.digest,
            "photographs": self.num_learned,
            "objects": list(self.photographs.label_set.objects),
            "machine": dataclasses.asdict(self.machine),
            "speeds": dict(self.speeds),
            "command": command,
        }

    @property
    def _settings(self):
        return {
            name: {"value": value, "why": why}
            for name, (value, why) in self.choices.items()
        }
