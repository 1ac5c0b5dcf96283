"""Keras's files of weights that ImageNet taught: VGG16 and ResNet101.

Only what classifies the 1,000 classes of ImageNet has seen no mask. What saw
the masks of Pascal or COCO hands them on, and then nothing here is learned
from image-level labels alone: DeepLabv2's own initial model is such a one.
"""

import os
import pathlib
import re

import h5py
import keras
import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.networks import resnet101, vgg16

_URL = "https://storage.googleapis.com/tensorflow/keras-applications"
_FILES = {  # Folder and file at _URL, and its MD5.
    "VGG16": (
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5",
        "64373286793e3c8b2b4e3219cbf3544b",
    ),
    "ResNet101": (
        "resnet/resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
}
_NUM_CLASSES = 1000
_TOP = {"fc1": ("fc6", (7, 7, 512, 4096)), "fc2": ("fc7", (1, 1, 4096, 4096))}
_CONVOLUTIONS = {  # Keras's names of VGG16's layers.
    name.replace("conv", "block").replace("_", "_conv"): name
    for name in vgg16.CONVOLUTIONS
}
_OF_MASKS = re.compile("coco|pascal|voc|deeplab", re.IGNORECASE)


def read(path: artifacts.Path) -> dict[str, np.ndarray]:
    """Reads Keras's VGG16 or ResNet101, with or without top.

    Args:
      path: The .h5 file.

    Returns:
      Arrays by name. VGG16's layers have Caffe's names (conv1_1 ... fc7),
      ResNet101's their own (conv1_conv ... conv5_block3_3_bn).

    Raises:
      OSError: If it is no HDF5 file.
      ValueError: If it lacks a layer of both, or is of a deeper network.
    """
    with h5py.File(path) as file:
        if "conv1_conv" in file:
            return _resnet101(file)
        return _vgg16(file)


def download(network: str) -> pathlib.Path:
    """Downloads Keras's weights once.

    Args:
      network: "VGG16", with top, or "ResNet101", without.

    Returns:
      The path of the file.

    Raises:
      OSError: If that fails.
    """
    place, digest = _FILES[network]
    url = f"{_URL}/{place}"
    try:
        path = keras.utils.get_file(
            url.rpartition("/")[2],
            url,
            cache_subdir="models",
            file_hash=digest,
        )
    except Exception as error:  # Keras raises no narrower class.
        raise OSError(
            f"cannot download Keras's {network} ({error}); fetch {url} "
            f"yourself and pass --trunk_weights=PATH"
        ) from error
    return pathlib.Path(os.fspath(path))


def doubts(path: artifacts.Path) -> str | None:
    """Tells why a file of weights may have seen masks.

    Args:
      path: What --trunk_weights names.

    Returns:
      The reason in a few words: a name of COCO, Pascal, VOC or DeepLab, or
      layers that no classifier of ImageNet has. None if there is none, or it
      is no HDF5 file, but a run of ours.
    """
    if not h5py.is_hdf5(path):
        return None
    named = _OF_MASKS.search(pathlib.Path(path).name)
    if named:
        return f"its name says {named[0]}"
    with h5py.File(path) as file:
        strange = [name for name in file if _is_strange(file[name], name)]
    if strange:
        return f"it holds {strange[0]}, which no classifier of ImageNet has"
    return None


def _vgg16(file):
    weights = {}
    for theirs, ours in _CONVOLUTIONS.items():
        kernel, bias = _arrays(file, theirs)
        weights |= {f"{ours}/kernel": kernel, f"{ours}/bias": bias}
    for theirs, (ours, shape) in _TOP.items():
        if theirs in file:
            kernel, bias = _arrays(file, theirs)
            weights[f"{ours}/kernel"] = kernel.reshape(shape)
            weights[f"{ours}/bias"] = bias
    return weights


def _resnet101(file):
    deeper = [f"{stack}_block{count + 1}_out" for stack, count in _counts()]
    found = [name for name in deeper if name in file]
    if found:
        raise ValueError(f"a deeper network than ResNet101: {found[0]!r}")
    weights = {}
    for layer in resnet101.LAYERS:
        of_kind = {
            "conv": ("kernel", "bias"),
            "bn": ("gamma", "beta", "moving_mean", "moving_variance"),
        }[layer.rpartition("_")[2]]
        arrays = _arrays(file, layer)
        for variable, array in zip(of_kind, arrays, strict=True):
            weights[f"{layer}/{variable}"] = array
    return weights


def _counts():
    return zip(resnet101.STACKS, resnet101.BLOCKS, strict=True)


def _is_strange(group, name):
    """Whether a layer has weights, but none of an ImageNet classifier."""
    names = _names(group)
    if name == "predictions":
        return any(group[each].shape[-1] != _NUM_CLASSES for each in names)
    known = name in _CONVOLUTIONS or name in _TOP or name in resnet101.LAYERS
    return bool(names) and not known


def _arrays(file, layer):
    if layer not in file:
        raise ValueError(f"no layer {layer!r}")
    group = file[layer]
    return [np.asarray(group[name]) for name in _names(group)]


def _names(group):
    names = group.attrs.get("weight_names", ())
    return [n.decode() if isinstance(n, bytes) else n for n in names]
