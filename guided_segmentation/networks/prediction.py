"""Class probabilities at the photograph's size, from a dense network."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.errors import InputError
from guided_segmentation.networks import deeplab_v1, deeplab_v2


def as_trained(
    network: keras.Model, settings: dict, **views
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns `dense` with the input size and the framing of the training.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
      settings: Settings of its training, as weights.load_trained returns them.
      **views: "scales", "flip" and "fusion" of `dense`.

    Returns:
      What `dense` returns: a function from [batch, height, width, 3] uint8
      RGB to [batch, height, width, num_classes] float32 probabilities.
    """
    return dense(
        network,
        size=settings["input_size"],
        framing=settings["framing"],
        **views,
    )


def dense(
    network: keras.Model,
    *,
    size: int,
    framing: str,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
    fusion: str = "mean",
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes the function from photographs to class probabilities.

    Logits are upsampled to the photograph before the softmax. Probabilities
    are averaged over the mirror image, and over the scales unless `fusion` is
    "max".

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
      size: Network input size in pixels.
      framing: Key of images.FRAMINGS, as in training.
      scales: Factors on `size`; with the framing "crop", on the photograph.
      flip: Whether the mirror image is averaged in.
      fusion: "mean" averages the probabilities of the scales; "max" takes the
        largest logit of each class over the scales before the softmax, as
        DeepLabv2 does (Chen et al., PAMI 2018, section 4.1).

    Returns:
      A tf.function from [batch, height, width, 3] uint8 RGB of any size to
      [batch, height, width, num_classes] float32 probabilities in [0, 1].
    """
    origin, stride = grid_origin(network), grid_stride(network)

    def view_logits(image, scale):
        view = framed(image, size, framing, scale)
        grid = network(images.subtract_mean(view.pixels), training=False)
        return images.upsample_to_image(grid, view, stride, origin)

    def fused_probabilities(image):
        logits = [view_logits(image, scale) for scale in scales]
        if fusion == "max":
            return [tf.nn.softmax(functools.reduce(tf.maximum, logits))]
        return [tf.nn.softmax(each) for each in logits]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
        ]
    )
    @tf.autograph.experimental.do_not_convert
    def probabilities(image):
        views = fused_probabilities(image)
        if flip:
            mirrored = fused_probabilities(tf.reverse(image, [2]))
            views += [tf.reverse(view, [2]) for view in mirrored]
        return tf.add_n(views) / len(views)

    return probabilities


def framed(
    image: tf.Tensor, size: int, framing: str, scale: float
) -> images.Framed:
    """Frames photographs of one size at a scale.

    Args:
      image: [..., height, width, 3] uint8 RGB.
      size: Network input size in pixels.
      framing: Key of images.FRAMINGS.
      scale: Factor on `size`; with "crop", on the photograph.

    Returns:
      The network's input, and where each pixel of the photograph is in it.
    """
    if framing != "crop":
        return images.frame(image, images.scaled_size(size, scale), framing)
    if scale == 1.0:
        return images.frame(image, size, framing)
    shape = tf.shape(image)[-3:-1]
    longer = images.scaled(tf.reduce_max(shape), scale)
    resized = images.resize_longer_side(image, longer, "bilinear")
    view = images.frame(resized, size, framing)
    return view._replace(
        rows=_interpolated(view.rows, shape[0]),
        columns=_interpolated(view.columns, shape[1]),
    )


def require_segmenter(network: keras.Model, settings: dict) -> None:
    """Checks that a trained network predicts a class at every pixel.

    Args:
      network: As weights.load_trained returns it.
      settings: Settings of its training, likewise.

    Raises:
      ValueError: If its output is not one logit per class and cell.
    """
    num_classes = 1 + len(settings["objects"] or ())
    shape = tuple(network.output_shape)
    if len(shape) != 4 or shape[-1] != num_classes or num_classes == 1:
        raise InputError(
            f"wanted a segmenter that gives logits [batch, rows, columns, "
            f"{num_classes}], got {network.name} that gives {shape}; name the "
            f"folder of a run of bin/train_segmenter"
        )


def require_saliency_net(network: keras.Model, settings: dict) -> None:
    """Checks that a trained network predicts saliency.

    Args:
      network: As weights.load_trained returns it.
      settings: Settings of its training, likewise.

    Raises:
      ValueError: If it was trained on objects, or its output is not two
        logits per cell.
    """
    shape = tuple(network.output_shape)
    if settings["objects"] or len(shape) != 4 or shape[-1] != 2:
        raise InputError(
            f"wanted a saliency net, which knows no objects and gives logits "
            f"[batch, rows, columns, 2], got {network.name} that gives "
            f"{shape}; name the folder of a run of bin/train_saliency"
        )


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of a dense network is centred.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
    """
    if network.name == deeplab_v2.NAME:
        return deeplab_v2.GRID_ORIGIN
    return deeplab_v1.grid_origin(network)


def grid_stride(network: keras.Model) -> int:
    """Returns the pixels between neighbouring cells of a dense network.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
    """
    if network.name == deeplab_v2.NAME:
        return deeplab_v1.STRIDE
    return deeplab_v1.grid_stride(network)


def _interpolated(places, length):
    """Places of `length` pixels, from those of the resized pixels."""
    count = tf.shape(places)[0]
    step = tf.cast(count, tf.float32) / tf.cast(length, tf.float32)
    centres = (tf.range(tf.cast(length, tf.float32)) + 0.5) * step - 0.5
    return tf.clip_by_value(centres + places[0], places[0], places[count - 1])
