"""Servables: trained networks as tf.Modules of two signatures.

`serving_default` takes `image`, [batch, height, width, 3] uint8 RGB of any
size. `serve_encoded` takes `image_bytes`, [batch] string: JPEGs or PNGs that
have one upright size within a request; grey images become RGB, alpha is
dropped. The pixels are those of artifacts.read_image: the EXIF orientation is
applied. A seeder also takes `image_labels`, [batch, num_objects] bool, in both.

Both are pure TensorFlow graphs without Python calls. The dense CRF is not
TensorFlow and therefore not part of a servable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.networks import prediction
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds, views
from guided_segmentation.serving import exif, input_specs

SIGNATURES = ("serving_default", "serve_encoded")

_TINY = np.finfo(np.float32).tiny  # Lower bound of a divisor.

Answer = dict[str, "tf.Tensor"]


def segmenter(
    network: keras.Model,
    settings: dict,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> tf.Module:
    """Makes a servable that segments images.

    Args:
      network: A segmenter, from networks.weights.load_trained.
      settings: Settings of its training, from the same function.
      scales: Scales of the image to average the prediction over.
      flip: Whether to average over the mirror image too.

    Returns:
      A module that returns `label_map`, [batch, height, width] uint8, and
      `probabilities`, [batch, height, width, num_classes] float32.

    Raises:
      ValueError: If the network is no segmenter.
    """
    prediction.require_segmenter(network, settings)
    predict = prediction.as_trained(network, settings, scales=scales, flip=flip)
    return _module("segmenter", _segmentation(predict))


def guided(
    network: keras.Model,
    settings: dict,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> tf.Module:
    """Makes a servable that segments images and names the objects in them.

    An object is present if at least one pixel of the label map has its class,
    as in labels.present. Clients can apply a threshold of their own to the
    fractions.

    Args:
      network: As `segmenter`.
      settings: As `segmenter`.
      scales: As `segmenter`.
      flip: As `segmenter`.

    Returns:
      A module that returns what `segmenter` returns, `fractions`, [batch,
      num_classes] float32, the fraction of pixels of each class, which sum to
      1, and `image_labels`, [batch, num_objects] bool.

    Raises:
      ValueError: If the network is no segmenter.
    """
    prediction.require_segmenter(network, settings)
    predict = prediction.as_trained(network, settings, scales=scales, flip=flip)
    segment = _segmentation(predict)

    def answer(image):
        found = segment(image)
        num_classes = found["probabilities"].shape[-1]
        index = tf.cast(found["label_map"], tf.int32)  # TFLite needs it.
        fractions = tf.reduce_mean(tf.one_hot(index, num_classes), [1, 2])
        return {
            **found,
            "fractions": fractions,
            "image_labels": fractions[:, 1:] > 0,
        }

    return _module("guided", answer)


def saliency(
    network: keras.Model,
    settings: dict,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> tf.Module:
    """Makes a servable of a saliency net, as saliency.detector applies it.

    Args:
      network: A saliency net, from networks.weights.load_trained.
      settings: Settings of its training, from the same function.
      scales: As `segmenter`.
      flip: As `segmenter`.

    Returns:
      A module that returns `saliency_map`, [batch, height, width] uint8, 255
      at the image's maximum, and `saliency_mask`, [batch, height, width] bool,
      as detector.saliency_mask returns it.

    Raises:
      ValueError: If the network is no saliency net.
    """
    prediction.require_saliency_net(network, settings)
    predict = prediction.as_trained(network, settings, scales=scales, flip=flip)

    def answer(image):
        salient = predict(image)[..., 1]
        highest = tf.reduce_max(salient, [1, 2], keepdims=True)
        relative = salient / tf.maximum(highest, _TINY)
        return {
            "saliency_map": tf.cast(tf.round(relative * 255), tf.uint8),
            "saliency_mask": relative >= detector.THRESHOLD,
        }

    return _module("saliency", answer)


DENSE = {"segmenter": segmenter, "guided": guided, "saliency": saliency}


def seeder(
    seed: views.Seeder, num_objects: int, threshold: float = seeds.THRESHOLD
) -> tf.Module:
    """Makes a servable that returns score maps and seeds of given objects.

    The images of a request are processed one after the other.

    Args:
      seed: A seeder, from a module of guided_segmentation.seeders.
      num_objects: Number of objects that the network knows.
      threshold: As in seeds.seeds.

    Returns:
      A module that returns `score_maps`, [batch, height, width, num_objects]
      float32, zero for objects that are absent according to `image_labels`;
      `seeds`, [batch, height, width] uint8 class indices, 0 where no score
      reaches the threshold; and `logits`, [batch, num_objects] float32, of
      present and absent objects.
    """
    labels = tf.TensorSpec([None, num_objects], tf.bool, "image_labels")
    output = (
        tf.TensorSpec([None, None, num_objects], tf.float32),
        tf.TensorSpec([num_objects], tf.float32),
    )

    def one(example):
        image, present = example
        objects = tf.cast(tf.where(present)[:, 0], tf.int32)
        found, logits = seed(image, objects)
        # Channel 0 is zero, for absent objects.
        found = tf.pad(found, [[0, 0], [0, 0], [1, 0]])
        channel = tf.where(present, tf.cumsum(tf.cast(present, tf.int32)), 0)
        return tf.gather(found, channel, axis=-1), logits

    def answer(image, image_labels):
        score_maps, logits = tf.map_fn(
            one,
            (image, image_labels),
            parallel_iterations=1,
            fn_output_signature=output,
        )
        return {
            "score_maps": score_maps,
            "seeds": _seeds(score_maps, image_labels, threshold),
            "logits": logits,
        }

    return _module("seeder", answer, labels)


def decode(image_bytes: tf.Tensor) -> tf.Tensor:
    """Decodes JPEGs and PNGs of one size, and turns them upright.

    Args:
      image_bytes: [batch] string; the batch has at least one image.

    Returns:
      [batch, height, width, 3] uint8 RGB, the pixels of artifacts.read_image.

    Raises:
      tf.errors.InvalidArgumentError: If the sizes differ, or one of the
        strings is no image.
    """
    size = tf.shape(_decode_one(image_bytes[0]))

    def decode_same_size(content):
        image = _decode_one(content)
        tf.debugging.assert_equal(
            tf.shape(image),
            size,
            "images of one request must share one size; send the others in "
            "requests of their own",
        )
        return image

    return tf.map_fn(
        decode_same_size,
        image_bytes,
        fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8),
    )


def _decode_one(content):
    """Decodes one image to the upright pixels that training sees, Pillow's."""
    image = tf.cond(
        tf.io.is_jpeg(content),
        lambda: tf.io.decode_jpeg(content, 3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(content, 3, expand_animations=False),
    )
    image = exif.upright(image, exif.orientation(content))
    return tf.ensure_shape(image, [None, None, 3])


def _segmentation(predict):
    """Returns a function from images to the answer of `segmenter`."""

    def answer(image):
        probabilities = predict(image)
        label_map = tf.cast(tf.argmax(probabilities, -1), tf.uint8)
        return {"label_map": label_map, "probabilities": probabilities}

    return answer


def _seeds(score_maps, image_labels, threshold):
    """Applies the rule of seeds.seeds to a batch of score maps."""
    highest = tf.reduce_max(score_maps, [1, 2], keepdims=True)
    positive = image_labels[:, None, None] & (highest > 0)
    divisor = tf.where(positive, highest, 1)
    relative = tf.where(positive, score_maps / divisor, -1)
    best = tf.argmax(relative, -1) + 1
    is_seed = tf.reduce_max(relative, -1) >= threshold
    return tf.cast(tf.where(is_seed, best, 0), tf.uint8)


def _module(
    name: str, answer: Callable[..., Answer], *others: tf.TensorSpec
) -> tf.Module:
    """Makes a module whose two signatures call a function of images.

    The module owns the variables of the network but not its Keras layers,
    because Keras 2 and 3 save layers in different ways.

    Args:
      name: Name of the module.
      answer: From [batch, height, width, 3] uint8 images, and the other
        inputs, to tensors by name.
      *others: Specifications of the other inputs.
    """

    @tf.function(input_signature=[input_specs.IMAGE, *others])
    @tf.autograph.experimental.do_not_convert
    def serving_default(image, *rest):
        return answer(image, *rest)

    @tf.function(input_signature=[input_specs.IMAGE_BYTES, *others])
    @tf.autograph.experimental.do_not_convert
    def serve_encoded(image_bytes, *rest):
        return serving_default(decode(image_bytes), *rest)

    module = tf.Module(name=name)
    module.owned = list(serving_default.get_concrete_function().variables)
    module.serving_default = serving_default
    module.serve_encoded = serve_encoded
    return module
