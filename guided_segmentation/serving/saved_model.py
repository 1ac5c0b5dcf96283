"""Exports a servable as a SavedModel that TensorFlow Serving can load.

The SavedModel, or the file for another runtime, does not depend on this
package. Class names, settings, a model card and checksums lie beside it.
"""

from __future__ import annotations

import pathlib

import tensorflow as tf

from guided_segmentation import artifacts, provenance
from guided_segmentation.serving import (
    converters,
    model_card,
    servables,
    warmup,
)

NAME = "guided_segmentation"
LABELS_FILE = "labels.txt"  # One class per line, by class index.
EXTRA_DIR = "assets.extra"  # TensorFlow ignores it; TF Serving warms up.
CHECKSUMS_FILE = "SHA256SUMS"  # In the format of sha256sum.


def export(
    module: tf.Module,
    settings: dict,
    output_dir: artifacts.Path,
    *,
    name: str | None = None,
    version: int | None = None,
    record: dict | None = None,
    evaluation: artifacts.Path | None = None,
    converted: converters.Converted | None = None,
) -> pathlib.Path:
    """Writes <output_dir>/<name>/<version>: a SavedModel of two signatures.

    The folder appears only when it is complete. Its assets.extra has the class
    names, the settings of the training (paths cut down to file names) and one
    warm-up request per signature. A model card and the checksums of all files
    lie beside assets.extra.

    Args:
      module: A servable, from a function of serving.servables.
      settings: Settings of the network's training, from
        networks.weights.load_trained.
      output_dir: Folder of all exported models.
      name: Name of the model in TF Serving; None takes `default_name`.
      version: Number of the version; None takes the next one.
      record: How the network is used, by name, for the model card.
      evaluation: JSON file of its scores, for the model card.
      converted: The servable in another format, from serving.converters;
        written instead of the SavedModel and its warm-up requests.

    Returns:
      The folder of the version.

    Raises:
      FileExistsError: If the version exists already.
      FileNotFoundError: If `evaluation` does not exist.
      ValueError: If `evaluation` holds no scores.
    """
    scores = model_card.read_scores(evaluation) if evaluation else None
    name = name or default_name(module.name)
    path = _new_version(pathlib.Path(output_dir) / name, version)
    settings = _without_folders(settings)
    card = model_card.text(
        module,
        f"{name}, version {path.name}",
        settings,
        record or {},
        _without_folders(scores),
        converted,
    )
    with artifacts.replacing_folder(path) as temporary:
        extra = temporary / EXTRA_DIR
        if converted:
            artifacts.write_bytes(temporary / converted.file, converted.content)
        else:
            save(module, temporary)
            warmup.write(extra, module, name, settings["input_size"])
        _annotate(extra, settings)
        artifacts.write_bytes(temporary / model_card.FILE, card.encode())
        artifacts.write_bytes(temporary / CHECKSUMS_FILE, _checksums(temporary))
    return path


def default_name(what: str) -> str:
    """Returns the default name of a servable.

    Args:
      what: Kind of servable: "segmenter", "guided", "saliency" or "seeder".

    Returns:
      The package's name, with the kind appended unless it is a segmenter.
    """
    return NAME if what == "segmenter" else f"{NAME}_{what}"


def save(module: tf.Module, folder: artifacts.Path) -> artifacts.Path:
    """Writes the SavedModel alone.

    Args:
      module: A servable, from a function of serving.servables.
      folder: Where to write.

    Returns:
      The folder.
    """
    signatures = {
        name: getattr(module, name).get_concrete_function()
        for name in servables.SIGNATURES
    }
    tf.saved_model.save(module, str(folder), signatures)
    return folder


def _new_version(folder, version):
    """Returns the folder of a version that does not exist yet."""
    taken = [int(p.name) for p in folder.glob("*") if p.name.isdecimal()]
    if version is None:
        version = max(taken, default=0) + 1
    path = folder / str(version)
    if path.exists():
        raise FileExistsError(
            f"{path} exists, and a served version never changes; leave "
            f"--version out to take the next one"
        )
    return path


def _annotate(folder, settings):
    """Writes class names, unless the model has none, and settings."""
    if settings["objects"]:
        names = ["background", *settings["objects"]]
        text = "".join(f"{name}\n" for name in names)
        artifacts.write_bytes(folder / LABELS_FILE, text.encode())
    artifacts.write_json(folder / provenance.SETTINGS_FILE, settings)


def _checksums(folder):
    """Returns the content of CHECKSUMS_FILE for all files of a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{provenance.sha256(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ).encode()


def _without_folders(value):
    """Cuts absolute paths down to file names; they may name people."""
    if isinstance(value, dict):
        return {key: _without_folders(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(part) for part in value]
    if isinstance(value, str) and pathlib.PurePath(value).is_absolute():
        return pathlib.PurePath(value).name
    return value
