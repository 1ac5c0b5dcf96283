"""A servable in, a SavedModel out that TF Serving takes as it is.

The SavedModel, or the file of another runtime that a servable was converted
to, needs nothing of this package. Beside it lie what people want to
know of it, and what tells whether it is whole.
"""

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
LABELS_FILE = "labels.txt"  # One class a line, by class index.
EXTRA_DIR = "assets.extra"  # Where TensorFlow looks for nothing.
CHECKSUMS_FILE = "SHA256SUMS"  # As sha256sum writes and checks it.


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

    The folder appears when it is complete. Its assets.extra holds the names of
    the classes, the settings of the training, file names without folders, and
    a request a signature to warm up with; beside that are a model card and the
    checksums of all files.

    Args:
      module: What a function of guided_segmentation.servables returns.
      settings: Of the network's training, as networks.weights.trained loads
        them.
      output_dir: Folder of all exported models.
      name: What TF Serving calls the model; None takes `default_name`.
      version: A number; None takes the next one.
      record: How the network is used, for the card.
      evaluation: JSON of its scores, for the card.
      converted: What guided_segmentation.formats made of the module; it takes
        the place of the SavedModel and of the requests to warm up with.

    Returns:
      The folder of the version.

    Raises:
      FileExistsError: If there is that version already.
      FileNotFoundError: If there is no such evaluation.
      ValueError: If it is none.
    """
    measured = model_card.figures(evaluation) if evaluation else None
    name = name or default_name(module.name)
    path = _new_version(pathlib.Path(output_dir) / name, version)
    settings = _without_folders(settings)
    card = model_card.text(
        module,
        f"{name}, version {path.name}",
        settings,
        record or {},
        _without_folders(measured),
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
    """Names a servable: the segmenter as the package, others after it."""
    return NAME if what == "segmenter" else f"{NAME}_{what}"


def save(module: tf.Module, folder: artifacts.Path) -> artifacts.Path:
    """Writes the SavedModel alone, and returns its folder."""
    signatures = {
        name: getattr(module, name).get_concrete_function()
        for name in servables.SIGNATURES
    }
    tf.saved_model.save(module, str(folder), signatures)
    return folder


def _new_version(folder, version):
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
    if settings["objects"]:
        names = ["background", *settings["objects"]]
        text = "".join(f"{name}\n" for name in names)
        artifacts.write_bytes(folder / LABELS_FILE, text.encode())
    artifacts.write_json(folder / provenance.SETTINGS_FILE, settings)


def _checksums(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{provenance.sha256(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in files
    ).encode()


def _without_folders(value):
    """Cuts absolute paths down to file names: a model is read by strangers."""
    if isinstance(value, dict):
        return {key: _without_folders(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_folders(part) for part in value]
    if isinstance(value, str) and pathlib.PurePath(value).is_absolute():
        return pathlib.PurePath(value).name
    return value
