"""Weights of networks as arrays by name: saving, loading, assigning.

An npz file holds one array per variable, named "<layer>/<variable>". All
versions of Keras read it alike, unlike Keras's own files.
"""

from __future__ import annotations

import hashlib
import json
import pathlib

import keras
import numpy as np

from guided_segmentation import artifacts, provenance
from guided_segmentation.errors import InputError
from guided_segmentation.networks import builders, imagenet

WEIGHTS_FILE = "weights.npz"
Weights = dict[str, np.ndarray]


def to_dict(network: keras.Model) -> Weights:
    """Returns all weights of a network by name, as float32 arrays."""
    return {
        f"{layer.name}/{_variable_name(variable)}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }


def save(network: keras.Model, path: artifacts.Path) -> None:
    """Writes the weights of a network to an npz file.

    Args:
      network: Any Keras model whose layers have different names.
      path: Replaced only if writing succeeds.
    """
    with artifacts.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **to_dict(network))


def pack(run: artifacts.Path, folder: artifacts.Path) -> None:
    """Copies a finished run's weights and settings, in half precision.

    Args:
      run: The run's work_dir.
      folder: Folder for weights.npz, compressed, and settings.json; `load` and
        `load_trained` read it like a run.

    Raises:
      FileNotFoundError: If the run is not finished.
    """
    run, folder = pathlib.Path(run), pathlib.Path(folder)
    halves = {
        name: array.astype(np.float16) for name, array in load(run).items()
    }
    path = folder / WEIGHTS_FILE
    with artifacts.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **halves)
    settings = artifacts.read_json(run / provenance.SETTINGS_FILE)
    artifacts.write_json(folder / provenance.SETTINGS_FILE, settings)


def load(path: artifacts.Path) -> Weights:
    """Reads weights from what `save` wrote, or from a file of Keras.

    Args:
      path: An npz file, the folder of a training run that holds one, or
        Keras's own .h5 file of VGG16 or ResNet101, with or without top. One
        at a URL is copied to a temporary local file.

    Returns:
      float32 arrays by name; those of Keras's files as `imagenet.read` names
      them.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the file is neither.
    """
    path = artifacts.to_path(path)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"no weights at {path}; name an .npz file, the folder of a "
            f"finished training run, or Keras's .h5 file of VGG16 or ResNet101"
        )
    path = artifacts.local_copy(path)
    try:
        if path.suffix == ".npz":
            with path.open("rb") as file, np.load(file) as arrays:
                return {
                    name: arrays[name].astype(np.float32) for name in arrays
                }
        return imagenet.read(path)
    except Exception as error:  # Damaged files raise errors of many classes.
        raise InputError(
            f"{path}: wanted weights (.npz, or Keras's .h5 of VGG16 or "
            f"ResNet101), found something else: {error}"
        ) from error


def assign(network: keras.Model, weights: Weights, origin: str) -> list[str]:
    """Copies weights into the layers of a network that have the same names.

    Args:
      network: Changed in place; layers that `weights` lacks stay as they are.
      weights: Arrays by name.
      origin: Where the weights come from, for error messages.

    Returns:
      Names of the layers that received weights.

    Raises:
      ValueError: If shapes differ, or no layer has weights in `weights`.
    """
    received = []
    for layer in network.layers:
        names = [f"{layer.name}/{_variable_name(v)}" for v in layer.weights]
        if not names or not all(name in weights for name in names):
            continue
        arrays = [weights[name] for name in names]
        for name, variable, array in zip(
            names, layer.weights, arrays, strict=True
        ):
            if tuple(variable.shape) != array.shape:
                raise InputError(
                    f"{origin}: {name} has shape {array.shape}, but the "
                    f"network wants {tuple(variable.shape)}; build it with "
                    f"the same width, or pass other weights"
                )
        layer.set_weights(arrays)
        received.append(layer.name)
    if weights and not received:
        raise InputError(
            f"{origin}: none of its layers is in {network.name}; it holds "
            f"{sorted({name.partition('/')[0] for name in weights})}"
        )
    return received


def load_trained(
    folder: artifacts.Path, *, dense: bool = True, **backward_rules
) -> tuple[keras.Model, dict]:
    """Loads the network of a finished training run, for predictions.

    Args:
      folder: The run's work_dir.
      dense: Whether a network that was trained at stride 16 predicts at
        stride 8. A classifier's logits are the same either way.
      **backward_rules: "relu" and "convolution" of vgg16.classifier, as
        seeders.backprop.METHODS holds them; for the classifier alone.

    Returns:
      The network and the run's settings.

    Raises:
      FileNotFoundError: If the run is not finished.
      ValueError: If there are backward rules, but the network is not the
        classifier.
    """
    folder = artifacts.to_path(folder)
    if not (folder / WEIGHTS_FILE).is_file():
        raise FileNotFoundError(
            f"no trained network in {folder} (no {WEIGHTS_FILE}); finish its "
            f"training first"
        )
    settings = artifacts.read_json(folder / provenance.SETTINGS_FILE)
    spec = settings["network"]
    if backward_rules and spec["name"] != "vgg16":
        raise InputError(
            f"{folder}: wanted the classifier (vgg16), found {spec['name']}; "
            f"name the folder of a run of bin/train_seeder --seeder=vgg16"
        )
    network = builders.build_for_prediction(
        {**spec, **backward_rules}, dense=dense
    )
    assign(network, load(folder), str(folder))
    return network, settings


def digest(network: keras.Model) -> str:
    """Returns a sha256 of a network's layers and weights.

    Networks of the same digest compute the same features.
    """
    found = hashlib.sha256()
    for layer in network.layers:
        geometry = {
            key: value
            for key, value in layer.get_config().items()
            if key in ("pool_size", "strides", "dilation_rate", "padding")
        }
        found.update(
            json.dumps([layer.name, geometry], sort_keys=True).encode()
        )
        for array in layer.get_weights():
            found.update(array.tobytes())
    return found.hexdigest()


def sha256(path: artifacts.Path) -> str:
    """Returns the sha256 of a file of weights.

    Args:
      path: A file, the folder of a training run, or "none".

    Returns:
      Hexadecimal digits; "" if there is no such file.
    """
    path = artifacts.to_path(path)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.is_file():
        return ""
    return provenance.sha256(artifacts.local_copy(path))


def _variable_name(variable):
    """The same on both Keras versions: Keras 2 adds the layer, and ":0"."""
    return variable.name.split("/")[-1].split(":")[0]
