"""What salient-object networks in ONNX files take and give, by family.

The files do not say it themselves. Convention and file name are compared to
propose one, never to choose one.

Sources: Qin et al., "U2-Net", Pattern Recognition 2020; Qin et al., "Highly
accurate dichotomous image segmentation", ECCV 2022 (IS-Net; BRIA's RMBG 1.4 is
trained like it); Zheng et al., "BiRefNet", CAAI AIR 2024; their releases.
"""

import dataclasses
import pathlib
import re
from collections.abc import Sequence
from typing import Any

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STDDEV = (0.229, 0.224, 0.225)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Convention:
    """How pixels become the input, and the output becomes a probability.

    Attributes:
      divisor: What pixels of 0 to 255 are divided by first: "maximum", that of
        the resized photograph, or "255".
      mean: Subtracted from red, green and blue after the division.
      stddev: What they are divided by then.
      is_logits: Whether the output is before the sigmoid.
      input_size: Side of the square input in pixels, for a file that accepts
        any.
    """

    divisor: str = "255"
    mean: tuple[float, ...]
    stddev: tuple[float, ...]
    is_logits: bool = False
    input_size: int = 1024


_ISNET = Convention(mean=(0.5, 0.5, 0.5), stddev=(1.0, 1.0, 1.0))
CONVENTIONS = {
    "birefnet": Convention(
        mean=IMAGENET_MEAN, stddev=IMAGENET_STDDEV, is_logits=True
    ),
    "isnet": _ISNET,
    "rmbg": _ISNET,  # Of RMBG 1.4; RMBG 2.0 is a BiRefNet.
    "u2net": Convention(
        divisor="maximum",
        mean=IMAGENET_MEAN,
        stddev=IMAGENET_STDDEV,
        input_size=320,
    ),
}
_NAMES = {  # First match wins.
    "birefnet": r"birefnet|rmbg\W?2",
    "rmbg": r"rmbg",
    "isnet": r"is-?net|dis[-_]",
    "u2net": r"u-?2-?net|silueta",
}


def proposed(path: artifacts.Path) -> str | None:
    """Returns the convention that the name of a file suggests.

    >>> proposed("models/isnet-general-use.onnx")
    'isnet'

    Args:
      path: Of a model.

    Returns:
      A key of CONVENTIONS, or None.
    """
    name = pathlib.Path(path).name.lower()
    for convention, pattern in _NAMES.items():
        if re.search(pattern, name):
            return convention
    return None


def stated(
    path: artifacts.Path,
    name: str | None = None,
    *,
    mean: Sequence[float] | None = None,
    stddev: Sequence[float] | None = None,
    is_logits: bool | None = None,
) -> Convention:
    """Returns the convention that the user states.

    Args:
      path: Of the model, for messages.
      name: Key of CONVENTIONS.
      mean: Wins over the convention's.
      stddev: Likewise.
      is_logits: Likewise.

    Returns:
      The named convention with these changes. Without a name, pixels are
      divided by 255.

    Raises:
      ValueError: If no convention is named and not all three values are
        given, or if mean or stddev are not three numbers or a stddev is not
        above 0.
    """
    _require_colors("mean", mean)
    _require_colors("stddev", stddev)
    changes: dict[str, Any] = {
        "mean": mean and tuple(mean),
        "stddev": stddev and tuple(stddev),
        "is_logits": is_logits,
    }
    given = {key: value for key, value in changes.items() if value is not None}
    if name is None:
        if len(given) < len(changes):
            raise InputError(_wanted(path))
        return Convention(**given)
    return dataclasses.replace(CONVENTIONS[name], **given)


def _wanted(path: artifacts.Path) -> str:
    found = proposed(path)
    advice = (
        f"its name suggests --saliency_convention={found}"
        if found
        else "its documentation says which it follows"
    )
    return (
        f"{path}: wanted --saliency_convention, one of "
        f"{', '.join(CONVENTIONS)}, or --saliency_mean, --saliency_stddev and "
        f"--[no]saliency_logits together; {advice}"
    )


def _require_colors(name: str, values: Sequence[float] | None) -> None:
    if values is None:
        return
    lowest = 0.0 if name == "stddev" else float("-inf")
    if len(values) != 3 or not all(lowest < x < float("inf") for x in values):
        above = " above 0" if name == "stddev" else ""
        raise InputError(
            f"--saliency_{name}: wanted three numbers{above}, for red, green "
            f"and blue, found {list(values)}"
        )
