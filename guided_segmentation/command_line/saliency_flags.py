"""Flags that name a saliency detector. Only binaries import this module."""

from collections.abc import Sequence
from typing import Any

from absl import flags

from guided_segmentation.command_line import network_flags
from guided_segmentation.errors import InputError
from guided_segmentation.saliency import conventions, named

SALIENCY = flags.DEFINE_string(
    "saliency",
    None,
    "Where saliency comes from. builtin: the small net that comes with the "
    "package, learned from boxes; u2netp: a published net, learned from pixel "
    "masks, downloaded once (4.6 MB); onnx:PATH: any net of the family of "
    "U2-Net, see --saliency_convention; dir:PATH: a folder of maps that exist. "
    "Not given: builtin.",
)
SALIENCY_CONVENTION = flags.DEFINE_enum(
    "saliency_convention",
    None,
    list(conventions.CONVENTIONS),
    "What the net of --saliency=onnx:PATH takes and gives. u2net (also u2netp, "
    "silueta): colours divided by the image's maximum, then ImageNet's mean "
    "and standard deviation; isnet, rmbg (RMBG 1.4): colours from -0.5 to 0.5; "
    "birefnet (also RMBG 2.0): ImageNet's mean and standard deviation, and "
    "logits as output.",
)
SALIENCY_MEAN = flags.DEFINE_list(
    "saliency_mean",
    None,
    "Mean of red, green and blue, from 0 to 1, instead of the convention's; "
    "such as 0.5,0.5,0.5.",
)
SALIENCY_STDDEV = flags.DEFINE_list(
    "saliency_stddev",
    None,
    "Standard deviation of red, green and blue, instead of the convention's.",
)
SALIENCY_LOGITS = flags.DEFINE_bool(
    "saliency_logits",
    None,
    "Whether the net of --saliency=onnx:PATH gives logits instead of "
    "probabilities; instead of the convention's.",
)
SALIENCY_INPUT_SIZE = flags.DEFINE_integer(
    "saliency_input_size",
    None,
    "Side of the input in pixels of a net of --saliency=onnx:PATH that accepts "
    "any size. Not given: 320 for u2net, 1024 for others.",
    lower_bound=1,
)


def name() -> str:
    """Returns the name of the detector or folder."""
    return SALIENCY.value or "builtin"


def open_named(**views: Any) -> named.NamedDetector:
    """Opens the detector that the flags name.

    Args:
      **views: As named.open_named takes them, those that flags give.

    Raises:
      OSError: As named.open_named raises it.
      ValueError: Likewise, or if a flag holds no numbers.
    """
    if name() == "builtin":
        views = {"precision": network_flags.PRECISION.value, **views}
    return named.open_named(name(), onnx=_onnx_options(), **views)


def _onnx_options() -> named.OnnxOptions:
    return named.OnnxOptions(
        convention=SALIENCY_CONVENTION.value,
        mean=_numbers(SALIENCY_MEAN),
        stddev=_numbers(SALIENCY_STDDEV),
        is_logits=SALIENCY_LOGITS.value,
        input_size=SALIENCY_INPUT_SIZE.value,
    )


def _numbers(holder: flags.FlagHolder) -> Sequence[float] | None:
    if holder.value is None:
        return None
    try:
        return [float(value) for value in holder.value]
    except ValueError as error:
        raise InputError(
            f"--{holder.name}: wanted three numbers such as 0.5,0.5,0.5; "
            f"{error}"
        ) from error
