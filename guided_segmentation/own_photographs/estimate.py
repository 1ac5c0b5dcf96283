"""How long the stages take, and what they need of disk and memory."""

import dataclasses
import re
from collections.abc import Mapping

from guided_segmentation.own_photographs.photographs import Photographs
from guided_segmentation.own_photographs.settings import Settings

# Seconds that are not timed: small beside the others.
_GUIDE = 0.12  # G2 of a photograph with one tag, without its CRF.
_READ = 0.03  # Reading and writing the files of an image.
_EXPORT_STARTS = 3.0  # Traces two signatures and loads what it wrote.

_MEMORY_GB = 1.5  # TensorFlow, weights and optimizer.
_BYTES_A_CELL = 512 * 2 * 2  # conv4's channels, float16, and the mirror image.
_ACTIVATIONS = 24  # Activations of conv5 and head kept a step, in conv4's.
_WEIGHTS_GB = 0.25  # Checkpoints, weights and the exported model.


def seconds(
    settings: Settings,
    learned: int,
    photographs: Photographs,
    speeds: Mapping[str, float],
) -> dict[str, float]:
    """Estimates the seconds of each stage.

    Args:
      settings: Of all stages.
      learned: Number of photographs to learn from.
      photographs: Those that get masks.
      speeds: What `probe.measure` returns, and "start" and "cores".

    Returns:
      Seconds by name of stage, in order.
    """
    start, features = speeds["start"] + speeds["build"], speeds["features"]
    if not settings.caches_features:
        features = 0.0
    extra = [scale**2 for scale in settings.train_scales if scale != 1]
    if not settings.has_seeder:
        extra.append(1.0)
    several = _several_tags(photographs) * speeds["crf"]
    several /= speeds.get("cores", 1)
    found = {}
    if settings.has_seeder:
        found["train_seeder"] = (
            start
            + learned * features
            + settings.seeder_steps * speeds["seeder"]
        )
        found["make_seeds"] = start + learned * (speeds["prediction"] + _READ)
    if not settings.saliency.startswith("dir:"):
        of_map = saliency_map(speeds)
        found["make_saliency"] = start + len(photographs) * of_map
    found["make_guides"] = speeds["start"] + learned * (_GUIDE + several)
    found["train_segmenter"] = (
        start
        + learned * features * sum(extra)
        + settings.segmenter_steps * speeds["segmenter"]
    )
    new = len(photographs) - learned
    found["segment_images"] = (
        start
        + new * mask(settings, speeds)
        + learned * mask(settings, speeds, is_learned=True)
    )
    found["export_model"] = _EXPORT_STARTS * start
    return found


def saliency_map(speeds: Mapping[str, float]) -> float:
    """Estimates the seconds of one saliency map.

    Args:
      speeds: As `seconds` takes it.
    """
    return speeds["saliency"] + _READ


def mask(
    settings: Settings, speeds: Mapping[str, float], is_learned: bool = False
) -> float:
    """Estimates the seconds of one mask.

    The network predicts on all cores, and each core refines a photograph by
    the CRF.

    Args:
      settings: Of all stages.
      speeds: As `seconds` takes it.
      is_learned: Whether the networks have learned from the photograph, whose
        features may be cached then.
    """
    views = sum(scale**2 for scale in settings.scales) * (1 + settings.flip)
    prediction = views * speeds["prediction"]
    if settings.predicts_from_features:
        frozen = 0.0 if is_learned else speeds["features"]  # Of a pair.
        prediction = views / 2 * (frozen + speeds["head"])
    refined = speeds["crf"] / speeds.get("cores", 1)
    return prediction + refined + _READ


def disk_gb(settings: Settings, learned: int, photographs: int) -> float:
    """Estimates the disk that is needed at most, in GB.

    Args:
      settings: Of all stages.
      learned: Number of photographs to learn from.
      photographs: Number of those that get masks.
    """
    cells = ((settings.input_size - 1) // 16 + 1) ** 2
    scales = sum(scale**2 for scale in {1.0, *settings.train_scales})
    features = learned * cells * scales * _BYTES_A_CELL / 1e9
    if not settings.caches_features:
        features = 0.0
    return features + _WEIGHTS_GB + photographs * 0.2e-3


def memory_gb(settings: Settings, photographs: Photographs) -> float:
    """Estimates the memory that is needed at most, in GB.

    Args:
      settings: Of all stages.
      photographs: Those that get masks.
    """
    cells = ((settings.input_size - 1) // 16 + 1) ** 2
    batch = max(settings.seeder_batch_size, settings.segmenter_batch_size)
    step = batch * cells * 512 * 4 * _ACTIVATIONS / 1e9
    largest = max(
        height * width
        for height, width in (each.size for each in photographs.by_id.values())
    )
    classes = photographs.label_set.num_classes
    views = len(settings.scales) * (1 + settings.flip) + 2
    mask = largest * classes * 4 * views / 1e9
    return _MEMORY_GB + max(step, mask)


def _several_tags(photographs: Photographs) -> float:
    """Fraction of the photographs with several tags."""
    return 1 - len(photographs.one_tag) / len(photographs)


@dataclasses.dataclass
class Forecast:
    """How long the rest takes, corrected by how long the past took.

    Attributes:
      expected: Estimated seconds of the stages that are to run, in order.
      taken: Seconds of those that have ended.
    """

    expected: dict[str, float]
    taken: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def factor(self) -> float:
        """Seconds taken per second expected so far; 1 at the start.

        It starts with a tenth of the whole at 1, so that a short first stage
        changes little.
        """
        prior = sum(self.expected.values()) / 10
        expected = sum(self.expected.get(name, 0.0) for name in self.taken)
        if not expected + prior:
            return 1.0
        return (sum(self.taken.values()) + prior) / (expected + prior)

    def end(self, stage: str, seconds: float) -> None:
        """Records that a stage has ended.

        Args:
          stage: Its name.
          seconds: How long it took.
        """
        self.taken[stage] = seconds

    def left(self, stage: str | None, seconds: float, log: str = "") -> float:
        """Returns how many seconds are left.

        Args:
          stage: That runs now; None if none does.
          seconds: How long it has run.
          log: The last line of its log; a progress bar tells how far it is.
        """
        others = sum(
            expected
            for name, expected in self.expected.items()
            if name not in self.taken and name != stage
        )
        if stage is None:
            return self.factor * others
        whole = self.factor * self.expected.get(stage, 0.0)
        of_bar = bar_seconds(log)
        if of_bar is not None and _is_long(log):
            return of_bar + self.factor * others
        return max(whole - seconds, 0.0) + self.factor * others


def bar_seconds(line: str) -> float | None:
    """Reads the remaining time off a progress bar; None without one.

    Example:
      >>> bar_seconds(" 45%|####     | 90/200 [01:00<01:13,  1.50step/s]")
      73.0

    Args:
      line: Of a log.
    """
    found = re.search(r"<((?:\d+:)?\d+:\d+)[,\]]", line)
    if found is None:
        return None
    total = 0
    for part in found[1].split(":"):
        total = 60 * total + int(part)
    return float(total)


def _is_long(line: str) -> bool:
    """Whether a bar is that of training or of masks, the bulk of a stage."""
    return "features" not in line
