"""Back-propagation seeders: vanilla, guided and excitation back-propagation.

The classifier's forward pass is the same in all three. They differ in the
backward pass of one kind of layer, with which METHODS builds the network.

Source: Oh et al., CVPR 2017, section 4.2; each method names its own source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from guided_segmentation.errors import InputError
from guided_segmentation.seeders import excitation, smoothing, views

# Standard deviation of the smoothing in pixels of the network input; the paper
# gives no value.
BLUR_PX = 8.0


def guided_relu(x: tf.Tensor) -> tf.Tensor:
    """A ReLU whose gradient is zero where the incoming gradient is negative.

    Source: Springenberg et al., "Striving for simplicity: the all
    convolutional net", ICLR 2015 workshop, section 3.4.

    Args:
      x: Float, of any shape.

    Returns:
      The ReLU of `x`, of the same shape.
    """
    return tf.custom_gradient(_relu_and_gradient)(x)


def _relu_and_gradient(x):
    y = tf.nn.relu(x)

    def backward(upstream):
        passed = tf.logical_and(y > 0, upstream > 0)
        return tf.where(passed, upstream, tf.zeros_like(upstream))

    return y, backward


# By method, arguments of networks.vgg16.classifier.
METHODS: dict[str, dict[str, Callable]] = {
    "vanilla": {},
    "guided": {"relu": guided_relu},
    "excitation": {"convolution": excitation.convolution},
}


def seeder(
    network: keras.Model,
    size: int,
    method: str,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    *,
    blur_px: float = BLUR_PX,
    contrastive: bool = False,
    excitation_layer: str = excitation.LAYER,
) -> views.Seeder:
    """Makes the seeder of a back-propagation method.

    It runs one forward pass, and one backward pass for each object.

    Args:
      network: The VGG16 classifier, built with the arguments METHODS[method],
        as networks.weights.load_trained does.
      size: Network input size in pixels.
      method: Key of METHODS: "vanilla" (Simonyan et al., ICLR 2014 workshop),
        "guided" (Springenberg et al., ICLR 2015 workshop) or "excitation"
        (Zhang et al., ECCV 2016).
      scales: As of `views.averaged`.
      flip: As of `views.averaged`.
      blur_px: Standard deviation of the Gaussian that smooths the score maps,
        in pixels of the network input; 0 leaves out the smoothing.
      contrastive: For "excitation", as of `excitation.probabilities`.
      excitation_layer: For "excitation", key of excitation.CELLS.

    Returns:
      A seeder; score maps are not negative.

    Raises:
      ValueError: If the network is not the classifier, or if contrastive is
        set for another method than "excitation".
    """
    require_classifier(network)
    if contrastive and method != "excitation":
        raise InputError(
            f"wanted excitation for a contrastive seeder, found {method}"
        )
    if method == "excitation":
        forward = excitation.forward(network, contrastive, excitation_layer)
        stride, origin = excitation.CELLS[excitation_layer]
    else:
        forward, stride, origin = _gradients(network), 1, 0.0

    def smoothed(inputs):
        logits, score = forward(inputs)

        def smooth_score(objects):
            maps = score(objects)
            shape = tf.shape(maps)
            flat = tf.reshape(maps, tf.concat([[-1], shape[2:]], 0))
            smooth = smoothing.gaussian(flat, blur_px / stride)
            return tf.transpose(tf.reshape(smooth, shape), [1, 2, 3, 0])

        return logits, smooth_score

    return views.averaged(
        smoothed, size, scales, flip, stride=stride, origin=origin
    )


def saliency(gradients: tf.Tensor) -> tf.Tensor:
    """Returns the largest absolute gradient over the colours of each pixel.

    Source: Simonyan et al., "Deep inside convolutional networks", ICLR 2014
    workshop, section 3.1; Oh et al., CVPR 2017, section 4.2.

    Args:
      gradients: [..., rows, columns, 3] float32.

    Returns:
      [..., rows, columns] float32, not negative.
    """
    return tf.reduce_max(tf.abs(gradients), -1)


def require_classifier(network: keras.Model) -> None:
    """Checks that a network is the VGG16 classifier.

    Args:
      network: Any network of networks.builders.

    Raises:
      ValueError: If it is another network.
    """
    if network.name != "vgg16":
        raise InputError(
            f"wanted the classifier (vgg16), found {network.name}; name the "
            f"folder of a run of bin/train_seeder --seeder=vgg16"
        )


def _gradients(network):
    """The views.Forward of `saliency` maps, with the objects as first axis."""

    def forward(inputs):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            logits = network(inputs, training=False)

        def score(objects):
            return saliency(
                views.per_object(
                    tape,
                    logits,
                    inputs,
                    views.logit_weights(logits, objects),
                    tf.shape(objects)[1],
                )
            )

        return logits, score

    return forward
