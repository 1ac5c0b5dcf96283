"""Saliency detectors by name: the built-in net, U2NETP, any ONNX file.

Names are `builtin`, `u2netp` and `onnx:PATH`; `dir:PATH` names a folder of maps
that exist already, which needs no detector.
"""

import dataclasses
import operator
import pathlib
from collections.abc import Sequence
from typing import Any

from guided_segmentation import artifacts, flagfiles, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.networks import batches, dense_predictor, weights
from guided_segmentation.saliency import conventions, onnx_model, u2netp
from guided_segmentation.training.keras_globals import training_globals

_DEFAULT_VIEWS = {
    "scales": [1.0],
    "flip": False,
    "fusion": "mean",
}  # Of builtin.
NAMES = "builtin, u2netp, onnx:PATH or dir:PATH"
BUILTIN = "saved_models/saliency_builtin"
_FOLDER, _ONNX = "dir:", "onnx:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedDetector:
    """A saliency detector, and what identifies its maps.

    Attributes:
      predict: From [height, width, 3] uint8 RGB of any size to [height, width]
        float32 probabilities in [0, 1]; of one photograph by a call, or of
        many in batches.
      made: Settings to record beside the maps.
    """

    predict: batches.Predictor
    made: dict


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnnxOptions:
    """What the user states of an ONNX model.

    Attributes:
      convention: Key of conventions.CONVENTIONS.
      mean: Wins over the convention's.
      stddev: Likewise.
      is_logits: Likewise.
      input_size: Side of the input in pixels, for a file that accepts any.
    """

    convention: str | None = None
    mean: Sequence[float] | None = None
    stddev: Sequence[float] | None = None
    is_logits: bool | None = None
    input_size: int | None = None


def open_named(
    name: str,
    *,
    onnx: OnnxOptions | None = None,
    precision: str = "float32",
    **views: Any,
) -> NamedDetector:
    """Opens a saliency detector by its name.

    Args:
      name: "builtin", "u2netp" or "onnx:PATH".
      onnx: What is stated of an ONNX model.
      precision: Of the built-in net, one of training.trainer.PRECISIONS.
      **views: "scales", "flip" and "fusion" of networks.prediction.dense, for
        the built-in net.

    Returns:
      The detector.

    Raises:
      OSError: If the file is missing, or a download fails.
      ValueError: If there is no such name, an extra is not installed, the
        model does not fit what is stated of it, or something is stated that
        the detector does not have.
    """
    onnx = onnx or OnnxOptions()
    if name == "builtin":
        _refuse(name, "options of ONNX models", onnx != OnnxOptions())
        return _builtin(precision, views)
    _refuse(name, "--scales, --flip or --fusion", bool(views))
    if name == "u2netp":
        _refuse(name, "options of ONNX models", onnx != OnnxOptions())
        return _onnx(name, u2netp.download(), onnx)
    path = name.removeprefix(_ONNX)
    if path == name or not path:
        raise InputError(f"--saliency: wanted {NAMES}, found {name!r}")
    return _onnx("onnx", pathlib.Path(path).expanduser(), onnx)


def folder_of(name: str) -> pathlib.Path | None:
    """Returns the folder of maps that a name of the form dir:PATH names.

    >>> folder_of("builtin") is None
    True

    Args:
      name: As --saliency takes it.

    Returns:
      The folder, or None if the name is that of a detector.

    Raises:
      FileNotFoundError: If there is no such folder.
    """
    if not name.startswith(_FOLDER):
        return None
    folder = pathlib.Path(name.removeprefix(_FOLDER)).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"--saliency={name}: no folder {folder}; name a folder of "
            f"saliency maps, <image_id>.png"
        )
    return folder


def _builtin(precision: str, views: dict) -> NamedDetector:
    folder = flagfiles.find(BUILTIN)
    with training_globals(precision, seed=0):
        network, settings = weights.load_trained(folder)
    views = {**_DEFAULT_VIEWS, **views}
    probabilities = dense_predictor.as_trained(network, settings, **views)
    return NamedDetector(
        predict=probabilities.then(operator.itemgetter((..., 1))),
        made={
            "saliency": "builtin",
            "weights_sha256": weights.sha256(folder),
            "precision": precision,
            **views,
        },
    )


def _onnx(
    name: str, path: artifacts.Path, options: OnnxOptions
) -> NamedDetector:
    stated = options.convention
    if stated is None and pathlib.Path(path).is_file() and u2netp.is_file(path):
        stated = "u2net"  # Known by its checksum.
    convention = conventions.stated(
        path,
        stated,
        mean=options.mean,
        stddev=options.stddev,
        is_logits=options.is_logits,
    )
    predict, size = onnx_model.open_model(path, convention, options.input_size)
    how = dataclasses.asdict(convention) | {"input_size": list(size)}
    return NamedDetector(
        predict=predict,
        made={"saliency": name, "sha256": provenance.sha256(path), **how},
    )


def _refuse(name: str, what: str, is_given: bool) -> None:
    if is_given:
        raise InputError(
            f"--saliency={name} does not take {what}; leave them out"
        )
