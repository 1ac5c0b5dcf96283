"""Settings of one run of make_masks, and what each of them is."""

import dataclasses
import json
from typing import Any

from guided_segmentation.errors import InputError


def _setting(text: str) -> Any:
    return dataclasses.field(metadata={"text": text})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of all stages; `automatic.choose` fills in those not given.

    The text of each field is the help of its flag in bin/make_masks.
    """

    precision: str = _setting(
        "Floating-point precision, as every binary takes it; auto times a "
        "convolution once a machine"
    )
    saliency: str = _setting(
        "Where saliency maps come from: builtin, u2netp, onnx:PATH, or "
        "dir:PATH for a folder of 8-bit PNGs named as the photographs"
    )
    guide: str = _setting(
        "What the segmenter learns from: g2 (seeds and saliency), or g0 "
        "(saliency with the tag, where a photograph has one tag)"
    )
    seeder: str = _setting("Network of the seeder, as bin/train_seeder has it")
    threshold: float = _setting(
        "Fraction of a class's maximal score above which a pixel is a seed"
    )
    trunk_weights: str = _setting(
        "Weights that training starts from: imagenet (a download), the path "
        "of Keras's .h5 file of VGG16, or none"
    )
    input_size: int = _setting("Network input size in pixels, 16 n + 1")
    framing: str = _setting(
        "How photographs become squares; whole caches the features of the "
        "frozen layers on disk"
    )
    freeze_through: str = _setting(
        "Last layer that stays as pretrained, or none"
    )
    width_multiplier: float = _setting(
        "Factor on the channels of the trunk; 1 with pretrained weights"
    )
    head_channels: int = _setting("Channels of fc6 and fc7")
    learning_rate: float = _setting(
        "Learning rate of the seeder; the segmenter's pretrained layers take "
        "half of it, its new ones ten times as much"
    )
    seeder_batch_size: int = _setting("Photographs a step of the seeder")
    seeder_steps: int = _setting("Training steps of the seeder")
    segmenter_batch_size: int = _setting("Photographs a step of the segmenter")
    segmenter_steps: int = _setting("Training steps of the segmenter")
    train_scales: tuple[float, ...] = _setting(
        "Factors on the size of photographs while the segmenter learns"
    )
    crf_loss: str = _setting("Dense CRF in the segmenter's loss, or none")
    scales: tuple[float, ...] = _setting(
        "Factors on the size of photographs over which masks are averaged"
    )
    flip: bool = _setting("Average masks with those of the mirror image")
    saliency_weight: float = _setting(
        "How much saliency counts in masks beside the segmenter; 0 for not at "
        "all"
    )
    crf: str = _setting("Dense CRF that refines masks, or none")
    seed: int = _setting("Seed of all random numbers of the trainings")

    @property
    def has_seeder(self) -> bool:
        """Whether the guide needs seeds."""
        return self.guide != "g0"

    @property
    def caches_features(self) -> bool:
        """Whether features of frozen layers are computed once."""
        return self.framing == "whole" and self.freeze_through != "none"

    @property
    def predicts_from_features(self) -> bool:
        """Whether masks are predicted from the features of the training.

        They have its grid and size, and the mirror image.
        """
        return self.caches_features and self.scales == (1.0,)


FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
TEXTS = {name: field.metadata["text"] for name, field in FIELDS.items()}


def checked(given: dict[str, Any]) -> dict[str, Any]:
    """Returns given settings with the types of `Settings`, without None.

    Args:
      given: By name; values of flags or arguments.

    Raises:
      InputError: If there is no such setting, or a value does not fit.
    """
    unknown = sorted(given.keys() - FIELDS.keys())
    if unknown:
        raise InputError(
            f"wanted settings out of {', '.join(FIELDS)}; found "
            f"{', '.join(unknown)}"
        )
    return {
        name: _typed(name, value)
        for name, value in given.items()
        if value is not None
    }


def spec(settings: Settings, num_objects: int, pixels: int) -> str:
    """Returns the argument of the probe, as JSON.

    Args:
      settings: Of the networks to time; the numbers of steps do not matter.
      num_objects: Number of classes without the background.
      pixels: Of a photograph.
    """
    told = {
        "settings": dataclasses.asdict(settings),
        "num_objects": num_objects,
        "pixels": pixels,
    }
    return json.dumps(told)


def _typed(name: str, value: Any) -> Any:
    kind = FIELDS[name].type
    try:
        if name in ("train_scales", "scales"):
            values = [value] if isinstance(value, (int, float)) else value
            scales = tuple(float(each) for each in values)
            if not scales or min(scales) <= 0:
                raise ValueError("wanted numbers above 0")
            return scales
        if kind is bool:
            return bool(value)
        return kind(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}={value!r}: {error}") from error
