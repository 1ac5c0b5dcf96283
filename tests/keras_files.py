"""Files of weights in the form of those that Keras offers for download."""

import pathlib
from collections.abc import Iterable

import h5py
import keras
import numpy as np

from guided_segmentation.networks import vgg16 as caffe


def vgg16(path: pathlib.Path, leave_out: str | None = None) -> pathlib.Path:
    """Writes VGG16 with one channel a layer, and returns the path."""
    with h5py.File(path, "w") as file:
        for name in caffe.CONVOLUTIONS:
            theirs = name.replace("conv", "block").replace("_", "_conv")
            if theirs != leave_out:
                channels = 3 if name == "conv1_1" else 1
                kernel = np.full((3, 3, channels, 1), len(name), "f4")
                bias = np.full(1, -1, "f4")
                add(file, theirs, [("W_1", kernel), ("b_1", bias)])
    return path


def of(network: keras.Model, path: pathlib.Path) -> pathlib.Path:
    """Writes all layers of a network, those without weights too."""
    with h5py.File(path, "w") as file:
        for layer in network.layers:
            names = [v.name.split("/")[-1].split(":")[0] for v in layer.weights]
            add(file, layer.name, zip(names, layer.get_weights(), strict=True))
    return path


def add(
    file: h5py.File, layer: str, arrays: Iterable[tuple[str, np.ndarray]]
) -> None:
    """Adds a layer and its variables, of which Keras keeps the order."""
    group = file.create_group(layer)
    names = []
    for name, array in arrays:
        names.append(f"{layer}/{name}:0".encode())
        group[names[-1]] = array
    group.attrs["weight_names"] = names
