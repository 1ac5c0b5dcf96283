"""Keras's files of ImageNet weights: VGG16 and ResNet101.

Weights trained on ImageNet's 1,000 classes have seen image-level labels alone.
Weights trained with the masks of Pascal or COCO, such as the initial model of
DeepLabv2, use labels that the method excludes; `signs_of_masks` finds them.

Why not `keras.applications.VGG16(weights=path)`? It reads the same arrays, but
  - the caller must know network and top in advance: the wrong `include_top` or
    a file of another network ends in "Layer count mismatch", which names no
    layer; here the file decides, and errors name the layer;
  - it builds and initialises the whole network to read arrays: 9 s instead of
    0.8 s for ResNet101, 1 GB instead of 0.5 GB for VGG16 with top (2 cores);
  - names of layers, the 7x7 windows of fc6 and signs of masks need code anyway.
"""

import os
import pathlib
import re

import h5py
import keras
import numpy as np

from guided_segmentation import artifacts
from guided_segmentation.errors import InputError
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
# By Keras's name of a dense layer: its name and kernel shape as a convolution.
_TOP = {"fc1": ("fc6", (7, 7, 512, 4096)), "fc2": ("fc7", (1, 1, 4096, 4096))}
_CONVOLUTIONS = {  # Keras's names of VGG16's convolutions to Caffe's.
    name.replace("conv", "block").replace("_", "_conv"): name
    for name in vgg16.CONVOLUTIONS
}
_RESNET101_VARIABLES = {  # By the ending of a layer's name.
    "conv": ("kernel", "bias"),
    "bn": ("gamma", "beta", "moving_mean", "moving_variance"),
}
_MASK_DATA = re.compile("coco|pascal|voc|deeplab", re.IGNORECASE)


def read(path: artifacts.Path) -> dict[str, np.ndarray]:
    """Reads Keras's VGG16 or ResNet101, with or without top.

    Args:
      path: The .h5 file.

    Returns:
      float32 arrays by name, in the shapes of Keras: kernels [rows, columns,
      inputs, outputs], all else [outputs]. Layers of VGG16 have Caffe's names
      (conv1_1 ... fc7), those of ResNet101 Keras's (conv1_conv ...
      conv5_block3_3_bn).

    Raises:
      OSError: If it is not an HDF5 file.
      ValueError: If a layer is missing, or the network is deeper.
    """
    with h5py.File(path) as file:
        if "conv1_conv" in file:
            return _resnet101(file)
        return _vgg16(file)


def download(network: str) -> pathlib.Path:
    """Downloads Keras's file of weights, unless it was downloaded before.

    Args:
      network: "VGG16" (with top) or "ResNet101" (without).

    Returns:
      The path of the file.

    Raises:
      OSError: If the download fails.
    """
    file, digest = _FILES[network]
    url = f"{_URL}/{file}"
    try:
        path = keras.utils.get_file(
            url.rpartition("/")[2],
            url,
            cache_subdir="models",
            file_hash=digest,
        )
    except Exception as error:  # That is what Keras raises.
        raise OSError(
            f"cannot download Keras's {network} ({error}); fetch {url} "
            f"yourself and pass --trunk_weights=PATH"
        ) from error
    return pathlib.Path(os.fspath(path))


def signs_of_masks(path: artifacts.Path) -> str | None:
    """Returns why weights may have been trained with segmentation masks.

    Args:
      path: What --trunk_weights names.

    Returns:
      The first sign: COCO, Pascal, VOC or DeepLab in the file's name, or a
      layer that no ImageNet classifier has. None if there is no sign, or for
      runs of this package, which are not HDF5 files.
    """
    if not h5py.is_hdf5(path):
        return None
    named = _MASK_DATA.search(pathlib.Path(path).name)
    if named:
        return f"its name contains {named[0]}"
    with h5py.File(path) as file:
        foreign = [name for name in file if _is_foreign(file[name], name)]
    if foreign:
        return f"it has a layer {foreign[0]}, which no ImageNet classifier has"
    return None


def _vgg16(file):
    weights = {}
    for keras_name, name in _CONVOLUTIONS.items():
        kernel, bias = _arrays(file, keras_name)
        weights |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
    for keras_name, (name, shape) in _TOP.items():
        if keras_name in file:
            kernel, bias = _arrays(file, keras_name)
            weights[f"{name}/kernel"] = kernel.reshape(shape)
            weights[f"{name}/bias"] = bias
    return weights


def _resnet101(file):
    for stack, count in zip(resnet101.STACKS, resnet101.BLOCKS, strict=True):
        excess = f"{stack}_block{count + 1}_out"
        if excess in file:
            raise InputError(f"a deeper network than ResNet101: {excess!r}")
    weights = {}
    for layer in resnet101.LAYERS:
        variables = _RESNET101_VARIABLES[layer.rpartition("_")[2]]
        arrays = _arrays(file, layer)
        for variable, array in zip(variables, arrays, strict=True):
            weights[f"{layer}/{variable}"] = array
    return weights


def _is_foreign(group, name):
    """Whether a layer has weights, but not those of an ImageNet classifier."""
    names = _weight_names(group)
    if name == "predictions":
        return any(group[each].shape[-1] != _NUM_CLASSES for each in names)
    known = name in _CONVOLUTIONS or name in _TOP or name in resnet101.LAYERS
    return bool(names) and not known


def _arrays(file, layer):
    if layer not in file:
        raise InputError(f"no layer {layer!r}")
    group = file[layer]
    return [np.asarray(group[name]) for name in _weight_names(group)]


def _weight_names(group):
    names = group.attrs.get("weight_names", ())
    return [x.decode() if isinstance(x, bytes) else x for x in names]
