"""Low-rank convolutions: VGG16's upper layers with a fifth of their weights.

A 3x3 convolution becomes two: a 3x3 one to `rank` channels without activation
(<name>_basis), and a 1x1 one to the original channels (<name>_mix). `fit`
computes both from a pretrained convolution and photographs, layer by layer.
Each layer reproduces the outputs of the original network as well as it can from
what the layers below it give, so that errors do not add up.

Source: Zhang et al., "Accelerating very deep convolutional networks for
classification and detection", PAMI 2016, sections 3.1 and 3.3, without the
ReLU in the objective.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

BASIS, MIX = "_basis", "_mix"
_MAX_CELLS = 32_768  # Places that one layer is fitted to.
_RIDGE = 1e-2  # Relative to the mean variance of the inputs.
_CHUNK = 4  # Images whose windows are in memory at once.


def convolution(rank: int) -> Callable[..., Callable]:
    """Returns what builds a low-rank convolution, as Conv2D builds a full one.

    Args:
      rank: Channels between the two convolutions.
    """

    def build(channels, kernel, *, activation, name, **arguments):
        basis = keras.layers.Conv2D(
            rank, kernel, name=name + BASIS, **arguments
        )
        mix = keras.layers.Conv2D(
            channels, 1, activation=activation, name=name + MIX
        )
        return lambda x: mix(basis(x))

    return build


def original_name(name: str) -> str:
    """Returns the name of the convolution that a layer is part of.

    >>> original_name("conv4_1_mix")
    'conv4_1'
    """
    return name.removesuffix(BASIS).removesuffix(MIX)


def fit(
    network: keras.Model, full: dict[str, np.ndarray], inputs: tf.Tensor
) -> list[str]:
    """Sets the low-rank layers so that they reproduce full convolutions.

    Args:
      network: A chain of layers; changed in place.
      full: "<name>/kernel" and "<name>/bias" of the full convolutions; names
        that it lacks are left as they are.
      inputs: [batch, rows, columns, channels] float, as the network takes it.

    Returns:
      Names of the layers that were set.
    """
    names = [
        layer.name.removesuffix(BASIS)
        for layer in network.layers
        if layer.name.endswith(BASIS)
        and layer.name.replace(BASIS, "/kernel") in full
    ]
    fitted = []
    wanted = given = tf.cast(inputs, tf.float32)
    for layer in network.layers[1:]:
        if len(fitted) == 2 * len(names):
            break
        name = layer.name.removesuffix(BASIS)
        if name in names:
            mix = network.get_layer(name + MIX)
            outputs = _convolved(wanted, layer, *_of(full, name))
            _fit_pair(layer, mix, *_of(full, name), given, outputs)
            hidden = _convolved(given, layer, *layer.get_weights())
            kernel, bias = mix.get_weights()
            given = tf.nn.relu(tf.tensordot(hidden, kernel[0, 0], 1) + bias)
            wanted = tf.nn.relu(outputs)
            fitted += [layer.name, mix.name]
        elif layer.name.removesuffix(MIX) not in names:
            given, wanted = (
                tf.cast(layer(each), tf.float32) for each in (given, wanted)
            )
    return fitted


def factors(
    kernel: np.ndarray,
    input_covariance: np.ndarray,
    cross_covariance: np.ndarray,
    rank: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the low-rank linear map that predicts outputs from inputs best.

    This is reduced-rank regression, with a ridge that keeps the map close to
    the original kernel where the inputs say little.

    Args:
      kernel: [inputs, outputs] float, the original map.
      input_covariance: [inputs, inputs] float, of the inputs.
      cross_covariance: [inputs, outputs] float, of inputs and wanted outputs.
      rank: Of the result.

    Returns:
      [inputs, rank] and [rank, outputs] float64, whose product is the map.
    """
    ridge = _RIDGE * np.trace(input_covariance) / len(input_covariance)
    changes = np.linalg.solve(
        input_covariance + ridge * np.eye(len(input_covariance)),
        cross_covariance - input_covariance @ kernel,
    )
    best = kernel + changes
    _, vectors = np.linalg.eigh(best.T @ input_covariance @ best)
    principal = vectors[:, ::-1][:, :rank]
    return best @ principal, principal.T


def _fit_pair(basis, mix, kernel, bias, given, outputs):
    """Sets the weights of one low-rank convolution."""
    del bias  # The mean of the outputs says more.
    inputs, channels = np.prod(kernel.shape[:3]), kernel.shape[3]
    count, sums, products = 0, 0.0, 0.0
    step = max(1, round(np.prod(outputs.shape[:3]) / _MAX_CELLS))
    for start in range(0, len(given), _CHUNK):
        part = slice(start, start + _CHUNK)
        windows = _windows(given[part], basis)[::step]
        targets = tf.reshape(outputs[part], [-1, channels])[::step]
        both = tf.concat([windows, targets], 1)
        count += len(both)
        sums += tf.reduce_sum(both, 0).numpy().astype(np.float64)
        products += tf.matmul(windows, both, transpose_a=True).numpy()
    mean = sums / count
    covariance = products / count - np.outer(mean[:inputs], mean)
    down, up = factors(
        kernel.reshape(inputs, channels),
        covariance[:, :inputs],
        covariance[:, inputs:],
        basis.filters,
    )
    shape = (*kernel.shape[:3], basis.filters)
    basis.set_weights([down.reshape(shape), -mean[:inputs] @ down])
    mix.set_weights([up[np.newaxis, np.newaxis], mean[inputs:]])


def _windows(x, layer):
    """[places, taps * channels], the windows that a convolution sees."""
    rows, columns = layer.kernel_size
    windows = tf.image.extract_patches(
        x,
        [1, rows, columns, 1],
        [1, 1, 1, 1],
        [1, *layer.dilation_rate, 1],
        "SAME",
    )
    return tf.reshape(windows, [-1, windows.shape[-1]])


def _convolved(x, layer, kernel, bias):
    """Applies another kernel in the place of a layer's, in float32."""
    rates = layer.dilation_rate
    return tf.nn.conv2d(x, kernel, 1, "SAME", dilations=rates) + bias


def _of(full, name):
    return full[f"{name}/kernel"], full[f"{name}/bias"]
