"""Scores of held-out images while a network trains, and its best weights.

The curve is WORK_DIR/validation.json. A run that resumes forgets what came
after its checkpoint and scores these steps again, so that it ends with the
curve and the weights of an unbroken run.
"""

import dataclasses
import pathlib
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from guided_segmentation import artifacts

CURVE_FILE = "validation.json"
KEEP = ("last", "best")

_CANDIDATES = "best"  # Folder of <step>.npz, while the network trains.


@dataclasses.dataclass(frozen=True, kw_only=True)
class Validation:
    """What is scored while a network trains, and how often.

    Attributes:
      name: Of the score, such as "miou".
      score: Takes the whole network as it is trained; returns its score in
        [0, 1], or None if that is not defined.
      steps: Steps between two scores; the last step is scored too.
      keep: "last" or "best", which weights the run ends with.
      images: What is scored, for settings.json.
    """

    name: str
    score: Callable[[Any], float | None]
    steps: int = 500
    keep: str = "last"
    images: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def to_record(self) -> dict:
        """Returns what a run's settings.json says of it."""
        return {
            "score": self.name,
            "steps": self.steps,
            "keep": self.keep,
            "images": dict(self.images),
        }


class Watch:
    """The scores of one run, and the weights that may be its best.

    Attributes:
      name: Of the score.
    """

    def __init__(
        self,
        validation: Validation,
        score: Callable[[], float | None],
        save: Callable[[pathlib.Path], None],
        work_dir: artifacts.Path,
    ):
        """Reads the curve so far, if there is one.

        Args:
          validation: How often, and which weights to keep.
          score: Returns the score of the network as it is now.
          save: Writes the network's weights to an npz file.
          work_dir: The run's folder.
        """
        self.name = validation.name
        self._validation, self._score, self._save = validation, score, save
        self._curve_path = pathlib.Path(work_dir, CURVE_FILE)
        self._folder = pathlib.Path(work_dir, _CANDIDATES)
        self._curve: dict[int, float | None] = {}
        if self._curve_path.exists():
            points = artifacts.read_json(self._curve_path)["curve"]
            self._curve = {each["step"]: each["score"] for each in points}

    @property
    def best_step(self) -> int | None:
        """The first step of the highest score; None if there is no score."""
        defined = {s: v for s, v in self._curve.items() if v is not None}
        return max(defined, key=defined.__getitem__) if defined else None

    def resume(self, step: int) -> None:
        """Forgets the scores of steps after `step`."""
        self._curve = {s: v for s, v in self._curve.items() if s <= step}
        for path in self._candidates():
            if int(path.stem) > step:
                path.unlink()

    def is_due(self, step: int, last: int) -> bool:
        """Returns whether the network is scored after this step."""
        return step % self._validation.steps == 0 or step == last

    def score(self, step: int) -> float | None:
        """Scores the network after a step, records it, and keeps a new best.

        Args:
          step: Steps done so far.

        Returns:
          The score in [0, 1], or None if it is not defined.
        """
        self._curve[step] = value = self._score()
        if self._validation.keep == "best" and self.best_step == step:
            self._save(self._folder / f"{step}.npz")
        self._write()
        return value

    def checkpointed(self) -> None:
        """Removes the weights of all steps but the best so far."""
        for path in self._candidates():
            if int(path.stem) != self.best_step:
                path.unlink()

    def finish(self, weights_path: artifacts.Path) -> None:
        """Writes the weights that the run ends with, and which they are.

        Args:
          weights_path: The npz file.
        """
        best = self._folder / f"{self.best_step}.npz"
        is_best = self._validation.keep == "best" and best.exists()
        kept = self.best_step if is_best else max(self._curve, default=None)
        self._write(kept=kept)
        if is_best:
            with artifacts.replacing(weights_path) as temporary:
                shutil.copyfile(best, temporary)
        else:
            self._save(pathlib.Path(weights_path))
        shutil.rmtree(self._folder, ignore_errors=True)

    def _candidates(self) -> list[pathlib.Path]:
        return sorted(self._folder.glob("[0-9]*.npz"))

    def _write(self, **more: Any) -> None:
        curve = [{"step": s, "score": v} for s, v in self._curve.items()]
        content = {**self._validation.to_record(), "best_step": self.best_step}
        artifacts.write_json(
            self._curve_path, {**content, **more, "curve": curve}
        )
