"""The model card of an exported model: interface, origin, scores and limits.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError
from guided_segmentation.serving import converters, servables

FILE = "README.md"

PURPOSE = {
    "segmenter": "Predicts the class of every pixel of an image.",
    "guided": "Predicts the class of every pixel of an image, and which "
    "objects are in it.",
    "seeder": "Localizes the evidence for each object that the image-level "
    "labels name.",
    "saliency": "Predicts which pixels of an image are salient, regardless of "
    "their class.",
}
_SEGMENTER_LIMITS = (
    "Things that are not in assets.extra/labels.txt are labelled as one of its "
    "classes nevertheless.",
    "The dense CRF (crf-postproc) is not part of the model.",
)
LIMITS = {
    "segmenter": _SEGMENTER_LIMITS,
    "guided": (
        *_SEGMENTER_LIMITS,
        "A single pixel makes an object count as present in `image_labels`; "
        "for a stricter rule, apply a threshold to `fractions`.",
    ),
    "seeder": (
        "It knows only the objects of assets.extra/labels.txt. Score maps of "
        "those that are not in `image_labels` are zero.",
        "Seeds mark the most discriminative parts, not the whole object.",
        "The dense CRF (crf-seed) is not part of the model.",
        "The images of a request are processed one after the other.",
    ),
    "saliency": (
        "Each map is divided by its maximum, so that some pixels are marked as "
        "salient even in an image without a salient object.",
    ),
}
_ONE_SIZE = "All images of one request must have the same size."
_SCORES = (
    "images",
    "miou",
    "pixel_accuracy",
    "ignored",
    "mp",
    "map",
    "iou",
    "fraction_above_0.6",
    "mae",
    "max_f",
)
_SCORED_WITH = (
    "predictions_dir",
    "saliency_dir",
    "object_masks_dir",
    "seed_crf",
    "dense_scores",
    "scales",
    "flip",
)
_SETTINGS = (
    "source",
    "images",
    "guide",
    "objects",
    "trunk_weights",
    "input_size",
    "framing",
    "training.num_steps",
    "training.batch_size",
)


def text(
    module: tf.Module,
    title: str,
    settings: dict,
    record: dict,
    scores: dict | None = None,
    converted: converters.Converted | None = None,
) -> str:
    """Returns the model card in Markdown.

    Args:
      module: A servable, from a function of serving.servables.
      title: Name and version of the model.
      settings: Settings of the training, without folders.
      record: How the network is used, by name.
      scores: What `read_scores` returns; None if the model was not evaluated.
      converted: The servable in another format; None for a SavedModel.
    """
    limits = LIMITS[module.name] + (() if converted else (_ONE_SIZE,))
    kind = {"what": module.name, "network": settings["network"]["name"]}
    versions = {"TensorFlow": tf.__version__, "Keras": keras.__version__}
    parts = [
        f"# {title}",
        PURPOSE[module.name],
        "## Inputs and outputs",
        _file(converted) if converted else _signatures(module),
        "## Training and use",
        _table({**kind, **_main_settings(settings), **record, **versions}),
        "All settings are in assets.extra/settings.json.",
        "## Scores",
        _evaluation(scores),
        "## Limits",
        "\n".join(f"- {limit}" for limit in limits),
        "## Integrity",
        "`sha256sum -c SHA256SUMS` in this folder checks all files.",
    ]
    return "\n\n".join(parts) + "\n"


def read_scores(path: artifacts.Path) -> dict:
    """Reads the scores of an evaluation and the settings they hold for.

    The settings may differ from the servable's: an evaluation may use a CRF.

    Args:
      path: JSON of bin/evaluate_segmenter, evaluate_seeds or evaluate_saliency.

    Returns:
      Formatted scores, each with its confidence interval if it has one, and
      settings, by name.

    Raises:
      FileNotFoundError: If the file does not exist.
      ValueError: If the file holds no scores.
    """
    evaluation = artifacts.read_json(path)
    found = {
        key: _rounded(evaluation[key], evaluation.get(f"{key}_interval"))
        for key in _SCORES
        if isinstance(evaluation, dict)
        and isinstance(evaluation.get(key), int | float)
    }
    if not found:
        raise InputError(
            f"{path}: wanted the scores of an evaluation, found another JSON; "
            f"name what bin/evaluate_segmenter, evaluate_seeds or "
            f"evaluate_saliency wrote"
        )
    used = {
        k: evaluation[k] for k in _SCORED_WITH if evaluation.get(k) is not None
    }
    return {"data": evaluation["source"], **used, **found}


def _evaluation(scores):
    if scores is None:
        return "Not evaluated."
    return (
        "The evaluation may have used a CRF, scales or mirror images that the "
        "model does not use.\n\n" + _table(scores)
    )


def _rounded(value, interval):
    """Formats a score, with its confidence interval unless that is None."""
    if isinstance(value, int):
        return str(value)
    ends = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    return f"{value:.3f}{ends}"


def _signatures(module):
    rows = ["| signature | inputs |", "|---|---|"]
    for signature in servables.SIGNATURES:
        function = getattr(module, signature).get_concrete_function()
        inputs = map(_spec, function.structured_input_signature[0])
        rows.append(f"| `{signature}` | {'; '.join(inputs)} |")
    rows += ["", "| output of both | |", "|---|---|"]
    for name, output in function.structured_outputs.items():
        rows.append(f"| `{name}` | {_shape_and_dtype(output)} |")
    return "\n".join(rows)


def _file(converted):
    rows = [f"`{converted.file}`: " + " ".join(converted.notes), ""]
    rows += ["| input | |", "|---|---|"]
    rows += [f"| `image` | {_shape_and_dtype(converted.image)} |"]
    rows += ["", "| output | |", "|---|---|"]
    for name, output in converted.outputs.items():
        rows.append(f"| `{name}` | {_shape_and_dtype(output)} |")
    return "\n".join(rows)


def _spec(spec):
    return f"`{spec.name}` {_shape_and_dtype(spec)}"


def _shape_and_dtype(spec):
    sizes = ", ".join("any" if n is None else str(n) for n in spec.shape)
    return f"[{sizes}] {spec.dtype.name}"


def _main_settings(settings):
    """Returns the settings of _SETTINGS that have a value."""
    flat = {f"training.{k}": v for k, v in settings["training"].items()}
    flat |= settings
    return {key: flat[key] for key in _SETTINGS if flat.get(key) is not None}


def _table(rows):
    """Returns a Markdown table of names and values, without a head."""
    lines = ["| | |", "|---|---|"]
    for key, value in rows.items():
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value))
        lines.append(f"| {key} | {value} |")
    return "\n".join(lines)
