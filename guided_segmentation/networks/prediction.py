"""From a dense network to class probabilities at the photograph's size."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from guided_segmentation import images
from guided_segmentation.networks import deeplab_v1, deeplab_v2


def as_trained(
    network: keras.Model, settings: dict, **views
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns `dense` for photographs as they were framed in training.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
      settings: Of its training, as networks.weights.trained loads them.
      **views: "scales" and "flip" of `dense`.
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
) -> Callable[[tf.Tensor], tf.Tensor]:
    """Makes the function from photographs to probabilities.

    Logits are read at every pixel before the softmax; over several scales
    and the mirror image the probabilities are averaged.

    Args:
      network: What networks.deeplab_v1 or deeplab_v2 builds.
      size: Its input size in pixels.
      framing: Key of images.FRAMINGS, as in its training.
      scales: Factors on `size`; for the framing "crop" on the photograph.
      flip: Whether the mirror image is averaged in.

    Returns:
      A tf.function from [batch, height, width, 3] uint8 RGB of any size to
      [batch, height, width, num_classes] float32 probabilities.
    """
    origin = grid_origin(network)

    def one(image, scale):
        framed = _framed(image, size, framing, scale)
        grid = network(images.subtract_mean(framed.pixels), training=False)
        logits = images.upsample_to_image(
            grid, framed, deeplab_v1.STRIDE, origin
        )
        return tf.nn.softmax(logits)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
        ]
    )
    def probabilities(image):
        views = [one(image, scale) for scale in scales]
        if flip:
            mirror = tf.reverse(image, [2])
            views += [tf.reverse(one(mirror, s), [2]) for s in scales]
        return tf.add_n(views) / len(views)

    return probabilities


def require_segmenter(network: keras.Model, settings: dict) -> None:
    """Checks that a trained network tells classes at every pixel.

    Args:
      network: As networks.weights.trained loads it.
      settings: Its settings, likewise.

    Raises:
      ValueError: If not.
    """
    num_classes = 1 + len(settings["objects"] or ())
    shape = tuple(network.output_shape)
    if len(shape) != 4 or shape[-1] != num_classes or num_classes == 1:
        raise ValueError(
            f"wanted a segmenter that gives logits [batch, rows, columns, "
            f"{num_classes}], got {network.name} that gives {shape}; name the "
            f"folder of a run of bin/train_segmenter"
        )


def require_saliency_net(network: keras.Model, settings: dict) -> None:
    """Checks that a trained network tells what is salient, and no classes.

    Args:
      network: As networks.weights.trained loads it.
      settings: Its settings, likewise.

    Raises:
      ValueError: If not.
    """
    shape = tuple(network.output_shape)
    if settings["objects"] or len(shape) != 4 or shape[-1] != 2:
        raise ValueError(
            f"wanted a saliency net, which knows no objects and gives logits "
            f"[batch, rows, columns, 2], got {network.name} that gives "
            f"{shape}; name the folder of a run of bin/train_saliency"
        )


def grid_origin(network: keras.Model) -> float:
    """Returns the pixel on which cell 0 of a dense network is centred."""
    if network.name == deeplab_v2.NAME:
        return deeplab_v2.GRID_ORIGIN
    return deeplab_v1.grid_origin(network)


def _framed(image, size, framing, scale):
    if framing != "crop":
        return images.frame(image, images.scaled_size(size, scale), framing)
    if scale == 1.0:
        return images.frame(image, size, framing)
    shape = tf.shape(image)[1:3]
    longer = tf.cast(tf.reduce_max(shape), tf.float32) * scale
    resized = images.resize_longer_side(
        image, tf.cast(longer, tf.int32), "bilinear"
    )
    framed = images.frame(resized, size, framing)
    return framed._replace(
        rows=_stretched(framed.rows, shape[0]),
        columns=_stretched(framed.columns, shape[1]),
    )


def _stretched(places, length):
    """Places of `length` pixels along a resized side, from its own places."""
    count = tf.shape(places)[0]
    step = tf.cast(count, tf.float32) / tf.cast(length, tf.float32)
    centres = (tf.range(tf.cast(length, tf.float32)) + 0.5) * step - 0.5
    return tf.clip_by_value(centres + places[0], places[0], places[count - 1])
