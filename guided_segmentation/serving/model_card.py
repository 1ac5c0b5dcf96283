"""The page beside an exported model: what it answers, whence, and its limits.

Source of the idea: Mitchell et al., "Model cards for model reporting", FAT*
2019.
"""

import keras
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.serving import converters, servables

FILE = "README.md"

PURPOSE = {
    "segmenter": "Tells the class of every pixel of a photograph.",
    "guided": "Tells the class of every pixel of a photograph, and which "
    "objects are in it.",
    "seeder": "Tells where the evidence is for each object that is said to be "
    "in a photograph.",
    "saliency": "Tells what stands out in a photograph, whatever it is.",
}
_OF_SEGMENTERS = (
    "A pixel of what is not in assets.extra/labels.txt gets one of its classes "
    "all the same.",
    "The dense CRF (crf-postproc) is not part of it.",
)
LIMITS = {
    "segmenter": _OF_SEGMENTERS,
    "guided": (
        *_OF_SEGMENTERS,
        "One pixel is enough for an object to count as there; ask `fractions` "
        "for more.",
    ),
    "seeder": (
        "Objects of other names than in assets.extra/labels.txt it does not "
        "know, and what `image_labels` denies it does not look for.",
        "Seeds mark what the network decides by, not the whole object.",
        "The dense CRF (crf-seed) is not part of it.",
        "The photographs of a request are seeded one after the other.",
    ),
    "saliency": (
        "Each map is divided by its maximum: where nothing stands out, "
        "something is marked nevertheless.",
    ),
}
_SHARED = "The photographs of one request must share one size."
_FIGURES = (
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
_USED = ("predictions_dir", "saliency_dir", "seed_crf", "scales", "flip")
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
    measured: dict | None = None,
    converted: converters.Converted | None = None,
) -> str:
    """Returns the card in Markdown.

    Args:
      module: What a function of guided_segmentation.servables returns.
      title: Name and version.
      settings: Of the training, without folders.
      record: How the network is used, by name.
      measured: What `figures` returns; None where there is none.
      converted: What the module was converted to, if it was.
    """
    limits = LIMITS[module.name] + (() if converted else (_SHARED,))
    made = {"what": module.name, "network": settings["network"]["name"]}
    versions = {"TensorFlow": tf.__version__, "Keras": keras.__version__}
    parts = [
        f"# {title}",
        PURPOSE[module.name],
        "## What it takes and answers",
        _of_file(converted) if converted else _signatures(module),
        "## How it was made",
        _table({**made, **_chosen(settings), **record, **versions}),
        "All settings are in assets.extra/settings.json.",
        "## How good it is",
        _measured(measured),
        "## Limits",
        "\n".join(f"- {limit}" for limit in limits),
        "## Whether it is whole",
        "`sha256sum -c SHA256SUMS` in this folder tells.",
    ]
    return "\n\n".join(parts) + "\n"


def figures(path: artifacts.Path) -> dict:
    """Reads the figures of an evaluation, and under which settings they hold.

    Those may be others than the servable's: an evaluation has its own CRF.

    Args:
      path: JSON of bin/evaluate_segmenter, evaluate_seeds or evaluate_saliency.

    Returns:
      Texts and settings by name; a figure with its interval if it has one.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is another one.
    """
    evaluation = artifacts.read_json(path)
    found = {
        key: _rounded(evaluation[key], evaluation.get(f"{key}_interval"))
        for key in _FIGURES
        if isinstance(evaluation, dict)
        and isinstance(evaluation.get(key), int | float)
    }
    if not found:
        raise ValueError(
            f"{path}: wanted the scores of an evaluation, found another JSON; "
            f"name what bin/evaluate_segmenter, evaluate_seeds or "
            f"evaluate_saliency wrote"
        )
    used = {key: evaluation[key] for key in _USED if key in evaluation}
    return {"data": evaluation["source"], **used, **found}


def _measured(figures):
    if figures is None:
        return "Not measured."
    return (
        "These are scores of an evaluation, which may have used a CRF or views "
        "of its own.\n\n" + _table(figures)
    )


def _rounded(value, interval):
    if isinstance(value, int):
        return str(value)
    ends = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
    return f"{value:.3f}{ends}"


def _signatures(module):
    rows = ["| signature | takes |", "|---|---|"]
    for signature in servables.SIGNATURES:
        function = getattr(module, signature).get_concrete_function()
        takes = map(_spec, function.structured_input_signature[0])
        rows.append(f"| `{signature}` | {'; '.join(takes)} |")
    rows += ["", "| both answer | |", "|---|---|"]
    for name, output in function.structured_outputs.items():
        rows.append(f"| `{name}` | {_kind(output)} |")
    return "\n".join(rows)


def _of_file(converted):
    rows = [f"`{converted.file}`: " + " ".join(converted.notes), ""]
    rows += [f"| takes | |\n|---|---|\n| `image` | {_kind(converted.image)} |"]
    rows += ["", "| answers | |", "|---|---|"]
    rows += [f"| `{k}` | {_kind(v)} |" for k, v in converted.answers.items()]
    return "\n".join(rows)


def _spec(spec):
    return f"`{spec.name}` {_kind(spec)}"


def _kind(spec):
    sizes = ", ".join("any" if n is None else str(n) for n in spec.shape)
    return f"[{sizes}] {spec.dtype.name}"


def _chosen(settings):
    """Those of the settings that a reader asks for first."""
    flat = {f"training.{k}": v for k, v in settings["training"].items()}
    flat |= settings
    return {key: flat[key] for key in _SETTINGS if flat.get(key) is not None}


def _table(rows):
    lines = ["| | |", "|---|---|"]
    for key, value in rows.items():
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value))
        lines.append(f"| {key} | {value} |")
    return "\n".join(lines)
