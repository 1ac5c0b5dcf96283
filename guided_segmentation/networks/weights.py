"""Weights of networks: where they come from, their shapes, saving, loading.

Weights are stored as one array per variable in an npz file, named
"<layer>/<variable>", which every version of Keras reads alike.
"""

import functools
import hashlib
import json
import pathlib
import sys
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.networks import (
    deeplab_v1,
    deeplab_v2,
    gap,
    imagenet,
    resnet101,
    vgg16,
)

BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "vgg16": vgg16.classifier,
    **{name: functools.partial(gap.build, name) for name in gap.VARIANTS},
    "deeplab_v1": deeplab_v1.large_fov,
    "deeplab_v2": deeplab_v2.resnet,
}
DENSE = (*gap.VARIANTS, "deeplab_v1")  # Predict denser than they train.
_VOTES = (gap.SCORE, "fc8")  # Last layer of GAP networks and classifier.
WEIGHTS_FILE = "weights.npz"
SETTINGS_FILE = "settings.json"

Weights = dict[str, np.ndarray]


def build(spec: dict) -> keras.Model:
    """Builds a network from its description.

    Args:
      spec: "name", a key of BUILDERS, and the arguments of that builder.

    Returns:
      A new network with fresh weights.
    """
    arguments = {k: v for k, v in spec.items() if k != "name"}
    return BUILDERS[spec["name"]](**arguments)


def of(network: keras.Model) -> Weights:
    """Returns all weights of a network as float32 arrays by name."""
    return {
        f"{layer.name}/{_short_name(variable)}": np.asarray(variable)
        for layer in network.layers
        for variable in layer.weights
    }


def save(network: keras.Model, path: artifacts.Path) -> None:
    """Writes the weights of `network` to an npz file."""
    with artifacts.replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **of(network))


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


def pretrained(name: str, network: str = "vgg16") -> Weights:
    """Returns the weights that a --trunk_weights flag names.

    One line on stderr warns of a file that may have learned from masks.

    Args:
      name: "none", "imagenet" (downloads what Keras has for the trunk) or a
        path as `load` takes it.
      network: Key of BUILDERS, the network that the trunk is for.

    Returns:
      Arrays by name; empty for "none".

    Raises:
      OSError: If the download fails.
    """
    if name == "none":
        return {}
    if name == "imagenet":
        is_residual = network == deeplab_v2.NAME
        return load(imagenet.download("ResNet101" if is_residual else "VGG16"))
    weights = load(name)
    _warn_of_masks(name)
    return weights


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


def trunk_of(weights: Weights) -> Weights:
    """Keeps the layers of VGG16 or ResNet101 below any head."""
    trunk = {*vgg16.CONVOLUTIONS, *resnet101.LAYERS}
    return {
        name: array
        for name, array in weights.items()
        if name.partition("/")[0] in trunk
    }


def reduced_top(
    weights: Weights, head_channels: int = 1024, tap_step: int = 3
) -> Weights:
    """Reduces fc6 and fc7 of VGG16 to fewer channels and taps.

    The defaults are those of DeepLabv1-LargeFOV: every fourth channel, and
    every third tap of the 7x7 window.

    Source: Chen et al., ICLR 2015, section 3.1, as in DeepLab's vgg16_20M.

    Args:
      weights: With fc6 [7, 7, 512, 4096] and fc7 [1, 1, 4096, 4096].
      head_channels: Wanted channels; 4096 must be a multiple.
      tap_step: From one tap that is kept to the next; 1 keeps all.

    Returns:
      fc6 [taps, taps, 512, head_channels] and fc7 [1, 1, head_channels,
      head_channels] with their biases; empty where `weights` has no fc6 of
      7x7 taps.

    Raises:
      ValueError: If 4096 is not a multiple of `head_channels`.
    """
    kernel = weights.get("fc6/kernel", np.empty(0))
    if kernel.shape[:2] != (7, 7):
        return {}
    step, rest = divmod(kernel.shape[-1], head_channels)
    if rest:
        raise ValueError(
            f"{head_channels} head channels cannot be taken evenly from the "
            f"{kernel.shape[-1]} of fc6; choose a divisor"
        )
    every = slice(None, None, step)
    return {
        "fc6/kernel": kernel[::tap_step, ::tap_step, :, every],
        "fc6/bias": weights["fc6/bias"][every],
        "fc7/kernel": weights["fc7/kernel"][:, :, every, every],
        "fc7/bias": weights["fc7/bias"][every],
    }


def calibrate(
    network: keras.Model,
    fresh: list[str],
    inputs: tf.Tensor,
    *,
    centred: bool = False,
) -> None:
    """Scales fresh layers to the data, so that a deep plain network starts.

    Before its ReLU every channel of a fresh layer gets mean 0 and deviation 1
    over a batch. Deep ReLU networks of He's initialisation say nearly the same
    of every image, and learn slowly until they do not.

    Source: Kraehenbuehl et al., "Data-dependent initializations of
    convolutional neural networks", ICLR 2016, section 3.1.

    A residual network has normalisations instead, whose frozen statistics
    become those of the batch.

    Args:
      network: A chain of layers, or a residual network; changed in place.
      fresh: Names of its fresh layers.
      inputs: A batch as the network takes it.
      centred: For classifiers: whether fresh kernels are weighed towards
        their centre first, and votes balanced. A global average does not care
        where evidence lies, so nothing else keeps the features of a class
        above its parts. Large random votes would say the same of every image
        at first, and undoing that costs the features below.
    """
    if resnet101.is_normalized(network):
        resnet101.set_statistics(network, fresh, inputs)
        return
    x = inputs
    for layer in network.layers[1:]:
        if layer.name in fresh:
            if centred:
                _centre(layer)
            _whiten(layer, x)
        if centred and layer.name in _VOTES:
            _balance(layer, x)
        x = layer(x)


def split(network: keras.Model, last_frozen: str) -> tuple:
    """Cuts a network before the first layer that is to be trained.

    Args:
      network: A chain of layers or of residual blocks.
      last_frozen: Name of the last layer whose weights stay as they are; of a
        residual block its output, such as conv4_block23_out.

    Returns:
      The lower and the upper network; they share the layers of `network`.

    Raises:
      ValueError: If there is no such layer, none with weights above it, or
        what is above needs more than its output.
    """
    names = [layer.name for layer in network.layers]
    if last_frozen not in names:
        raise ValueError(
            f"no layer {last_frozen!r} to freeze through in {network.name}; "
            f"it has {_ends(names)}"
        )
    learning = [i for i, layer in enumerate(network.layers) if layer.weights]
    above = [i for i in learning if i > names.index(last_frozen)]
    if not above:
        raise ValueError(
            f"freezing {network.name} through {last_frozen!r} leaves no layer "
            f"to train; freeze less"
        )
    features = network.layers[above[0] - 1].output
    lower = keras.Model(network.input, features)
    try:
        upper = keras.Model(features, network.output, name=network.name)
    except ValueError as error:  # Another path leads around the features.
        raise ValueError(
            f"{last_frozen!r} lies inside a block of {network.name}; freeze "
            f"through one of {_ends(names)}"
        ) from error
    return lower, upper


def trained(folder: artifacts.Path, **rules) -> tuple[keras.Model, dict]:
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
    settings = artifacts.read_json(folder / SETTINGS_FILE)
    spec = settings["network"]
    if rules and spec["name"] != "vgg16":
        raise ValueError(
            f"{folder}: wanted the classifier (vgg16), found {spec['name']}; "
            f"name the folder of a run of bin/train_seeder --seeder=vgg16"
        )
    denser = {"dense": True} if spec["name"] in DENSE else {}
    network = build({**spec, **denser, **rules})
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


def sha256(path: artifacts.Path) -> str:
    """Returns the sha256 of a weights file, of none for "none"."""
    path = pathlib.Path(path)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache  # Once a file.
def _warn_of_masks(path):
    doubt = imagenet.doubts(path)
    if doubt:
        print(
            f"warning: {path} may have learned from masks of Pascal's classes "
            f"({doubt}), which the method must not see; take weights of "
            f"ImageNet alone",
            file=sys.stderr,
        )


def _ends(names):
    """Layers to freeze through: outputs of blocks, or convolutions."""
    blocks = [name for name in names if name.endswith("_out")]
    return blocks or [name for name in names if "conv" in name]


def _centre(layer):
    """Weighs the taps of a 3x3 kernel by 1/4, 1/2 and 1, centre heaviest."""
    kernel, bias = layer.get_weights()
    if kernel.shape[:2] == (3, 3):
        taps = np.array([0.5, 1.0, 0.5])
        kernel = kernel * np.outer(taps, taps)[..., None, None]
    layer.set_weights([kernel, bias])


def _whiten(layer, x):
    """Gives each channel before the activation mean 0 and deviation 1."""
    activation, layer.activation = layer.activation, keras.activations.linear
    before = tf.cast(layer(x), tf.float32)
    layer.activation = activation
    axes = list(range(len(before.shape) - 1))
    mean, variance = tf.nn.moments(before, axes)
    scale = 1 / (tf.sqrt(variance).numpy() + 1e-6)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel * scale, (bias - mean.numpy()) * scale])


def _balance(layer, features):
    """Turns votes so that the average features of the batch give logits of 0.

    Takes from the votes of each class what lies along the average.
    """
    cells = tf.reshape(features, [-1, features.shape[-1]])
    average = tf.reduce_mean(tf.cast(cells, tf.float32), 0).numpy()
    votes, *bias = layer.get_weights()
    along = average @ votes / (average @ average)
    along = average[:, None] * along[..., None, :]
    layer.set_weights([votes - along, *bias])


def _short_name(variable) -> str:
    return variable.name.split("/")[-1].split(":")[0]
