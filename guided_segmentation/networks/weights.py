"""Weights of networks: where they come from, their shapes, saving, loading.

Weights are stored as one array per variable in an npz file, named
"<layer>/<variable>", which every version of Keras reads alike.
"""

import hashlib
import json
import pathlib

import keras
import numpy as np

from guided_segmentation import artifacts, provenance
from guided_segmentation.networks import builders, imagenet

WEIGHTS_FILE = "weights.npz"
Weights = dict[str, np.ndarray]


def to_dict(network: keras.Model) -> Weights:
    """Returns all weights of a network as float32 arrays by name."""
    return {
        f"{layer.name}/{_short_name(variable)}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }


def save(network: keras.Model, path: artifacts.Path) -> None:
    """Writes the weights of `network` to an npz file."""
    with artifacts.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **to_dict(network))


def load(path: artifacts.Path) -> Weights:
    """Reads weights from what `save` wrote or from a file of Keras's.

    Args:
      path: An npz file, the folder of a training run that holds one, or
        Keras's own .h5 file of VGG16 or ResNet101, with or without top.

    Returns:
      Arrays by name, as `imagenet.read` names them.

    Raises:
      FileNotFoundError: If there is none.
      ValueError: If the file is neither.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.is_file():
        raise FileNotFoundError(
            f"no weights at {path}; name an .npz file, the folder of a "
            f"finished training run, or Keras's .h5 file of VGG16 or ResNet101"
        )
    try:
        if path.suffix == ".npz":
            with path.open("rb") as file, np.load(file) as arrays:
                return dict(arrays)
        return imagenet.read(path)
    except Exception as error:  # Damage makes readers raise errors of any kind.
        raise ValueError(
            f"{path}: wanted weights (.npz, or Keras's .h5 of VGG16 or "
            f"ResNet101), found something else: {error}"
        ) from error


def assign(network: keras.Model, weights: Weights, source: str) -> list[str]:
    """Copies the weights whose layer `network` has, and leaves the others.

    Args:
      network: Changed in place.
      weights: Arrays by name.
      source: Where they come from, for the message.

    Returns:
      Names of the layers that received weights.

    Raises:
      ValueError: If a layer's shapes differ or no layer fits.
    """
    received = []
    for layer in network.layers:
        names = [f"{layer.name}/{_short_name(v)}" for v in layer.weights]
        if not names or not all(name in weights for name in names):
            continue
        arrays = [weights[name] for name in names]
        for name, variable, array in zip(
            names, layer.weights, arrays, strict=True
        ):
            if tuple(variable.shape) != array.shape:
                raise ValueError(
                    f"{source}: {name} has shape {array.shape}, but the "
                    f"network wants {tuple(variable.shape)}; build it with "
                    f"the same width, or pass other weights"
                )
        layer.set_weights(arrays)
        received.append(layer.name)
    if weights and not received:
        raise ValueError(
            f"{source}: none of its layers is in {network.name}; it holds "
            f"{sorted({name.partition('/')[0] for name in weights})}"
        )
    return received


def load_trained(folder: artifacts.Path, **rules) -> tuple[keras.Model, dict]:
    """Loads the network of a finished training run, for predictions.

    One that was trained at a stride of 16 is built dense.

    Args:
      folder: The run's work_dir.
      **rules: Backward rules of a seeder, for the classifier alone.

    Returns:
      The network and the run's settings.

    Raises:
      FileNotFoundError: If the run is not finished.
      ValueError: If rules are for another network.
    """
    folder = pathlib.Path(folder)
    if not (folder / WEIGHTS_FILE).is_file():
        raise FileNotFoundError(
            f"no trained network in {folder} (no {WEIGHTS_FILE}); finish its "
            f"training first"
        )
    settings = artifacts.read_json(folder / provenance.SETTINGS_FILE)
    spec = settings["network"]
    if rules and spec["name"] != "vgg16":
        raise ValueError(
            f"{folder}: wanted the classifier (vgg16), found {spec['name']}; "
            f"name the folder of a run of bin/train_seeder --seeder=vgg16"
        )
    denser = {"dense": True} if spec["name"] in builders.DENSE else {}
    network = builders.build({**spec, **denser, **rules})
    assign(network, load(folder), str(folder))
    return network, settings


def digest(network: keras.Model) -> str:
    """Returns the sha256 of what a network computes: layers and weights."""
    found = hashlib.sha256()
    for layer in network.layers:
        shape = {
            key: value
            for key, value in layer.get_config().items()
            if key in ("pool_size", "strides", "dilation_rate", "padding")
        }
        found.update(json.dumps([layer.name, shape], sort_keys=True).encode())
        for array in layer.get_weights():
            found.update(array.tobytes())
    return found.hexdigest()


def _short_name(variable) -> str:
    return variable.name.split("/")[-1].split(":")[0]


def sha256(path: artifacts.Path) -> str:
    """Returns the sha256 of a weights file or of a run's; "" for "none"."""
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.is_file():
        return ""
    return provenance.sha256(path)
