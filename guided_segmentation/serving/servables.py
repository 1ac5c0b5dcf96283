"""What is served: trained networks as tf.Modules of two signatures.

`serving_default` takes `image`, [batch, height, width, 3] uint8 RGB of any
size. `serve_encoded` takes `image_bytes`, [batch] string: JPEGs or PNGs, which
share one size within a request; grey ones are converted, alpha is dropped. A
seeder takes `image_labels`, [batch, num_objects] bool, beside either.

Neither calls Python. The dense CRFs stay outside: they are not TensorFlow.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from guided_segmentation.networks import prediction
from guided_segmentation.saliency import detector
from guided_segmentation.seeders import seeds, views

IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
IMAGE_BYTES = tf.TensorSpec([None], tf.string, "image_bytes")
SIGNATURES = ("serving_default", "serve_encoded")

_TINY = np.finfo(np.float32).tiny  # What a maximum of zero is taken for.

Answer = dict[str, tf.Tensor]


def segmenter(
    network: keras.Model,
    settings: dict,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> tf.Module:
    """Serves a class for every pixel.

    Args:
      network: The segmenter, as networks.weights.trained loads it.
      settings: Its settings, likewise.
      scales: Scales of the photograph to average over.
      flip: Whether the mirror image is averaged in.

    Returns:
      A module that answers `label_map`, [batch, height, width] uint8, and
      `probabilities`, [batch, height, width, num_classes] float32.

    Raises:
      ValueError: If the network is no segmenter.
    """
    prediction.require_segmenter(network, settings)
    return _module(
        "segmenter",
        _segments(
            prediction.as_trained(network, settings, scales=scales, flip=flip)
        ),
    )


def guided(
    network: keras.Model,
    settings: dict,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> tf.Module:
    """Serves a segmenter, and which objects are in the photograph.

    An object is there if it has a pixel of the label map, as everywhere in
    the package; a client that wants more of it asks the fractions.

    Args:
      network: As `segmenter`.
      settings: As `segmenter`.
      scales: As `segmenter`.
      flip: As `segmenter`.

    Returns:
      A module that answers what `segmenter` does and `fractions`, [batch,
      num_classes] float32, the share of the pixels that each class has, and
      `image_labels`, [batch, num_objects] bool.

    Raises:
      ValueError: If the network is no segmenter.
    """
    prediction.require_segmenter(network, settings)
    segments = _segments(
        prediction.as_trained(network, settings, scales=scales, flip=flip)
    )

    def answer(image):
        found = segments(image)
        num_classes = found["probabilities"].shape[-1]
        index = tf.cast(found["label_map"], tf.int32)  # As TensorFlow Lite's.
        owned = tf.one_hot(index, num_classes)
        fractions = tf.reduce_mean(owned, [1, 2])
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
    """Serves what is salient, as saliency.detector finds it.

    Args:
      network: The saliency net, as networks.weights.trained loads it.
      settings: Its settings, likewise.
      scales: As `segmenter`.
      flip: As `segmenter`.

    Returns:
      A module that answers `saliency_map`, [batch, height, width] uint8, 255
      at the image's maximum, and `saliency_mask`, bool, true from half of it.

    Raises:
      ValueError: If the network is no saliency net.
    """
    prediction.require_saliency_net(network, settings)
    predict = prediction.as_trained(network, settings, scales=scales, flip=flip)

    def answer(image):
        salient = predict(image)[..., 1]
        highest = tf.reduce_max(salient, [1, 2], keepdims=True)
        share = salient / tf.maximum(highest, _TINY)
        return {
            "saliency_map": tf.cast(tf.round(share * 255), tf.uint8),
            "saliency_mask": share >= detector.THRESHOLD,
        }

    return _module("saliency", answer)


OF_DENSE = {"segmenter": segmenter, "guided": guided, "saliency": saliency}


def seeder(
    seed: views.Seeder, num_objects: int, threshold: float = seeds.THRESHOLD
) -> tf.Module:
    """Serves the score maps and seeds of the objects said to be there.

    The photographs of a request are seeded one after the other.

    Args:
      seed: What a module of guided_segmentation.seeders makes of a network.
      num_objects: Number of objects that the network knows.
      threshold: As seeds.seeds.

    Returns:
      A module that answers `score_maps`, [batch, height, width, num_objects]
      float32, zero for the objects that `image_labels` denies; `seeds`,
      [batch, height, width] uint8 class indices, 0 where no class is sure;
      and `logits`, [batch, num_objects] float32, of all objects.
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
        found = tf.pad(found, [[0, 0], [0, 0], [1, 0]])  # For the absent.
        place = tf.where(present, tf.cumsum(tf.cast(present, tf.int32)), 0)
        return tf.gather(found, place, axis=-1), logits

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
    """Decodes JPEGs and PNGs of one size.

    Args:
      image_bytes: [batch] string, at least one.

    Returns:
      [batch, height, width, 3] uint8 RGB.

    Raises:
      tf.errors.InvalidArgumentError: If the sizes differ, or one of them is
        no image.
    """
    size = tf.shape(_decode_one(image_bytes[0]))

    def of_that_size(content):
        image = _decode_one(content)
        tf.debugging.assert_equal(
            tf.shape(image),
            size,
            "images of one request must share one size; send the others in "
            "requests of their own",
        )
        return image

    return tf.map_fn(
        of_that_size,
        image_bytes,
        fn_output_signature=tf.TensorSpec([None, None, 3], tf.uint8),
    )


def _decode_one(content):
    image = tf.io.decode_image(content, channels=3, expand_animations=False)
    return tf.ensure_shape(image, [None, None, 3])


def _segments(predict):
    def answer(image):
        probabilities = predict(image)
        label_map = tf.cast(tf.argmax(probabilities, -1), tf.uint8)
        return {"label_map": label_map, "probabilities": probabilities}

    return answer


def _seeds(score_maps, image_labels, threshold):
    """What seeds.seeds marks in the score maps of a batch."""
    highest = tf.reduce_max(score_maps, [1, 2], keepdims=True)
    fires = image_labels[:, None, None] & (highest > 0)
    share = tf.where(fires, score_maps / tf.where(fires, highest, 1), -1)
    best = tf.where(
        tf.reduce_max(share, -1) >= threshold, tf.argmax(share, -1) + 1, 0
    )
    return tf.cast(best, tf.uint8)


def _module(
    name: str, answer: Callable[..., Answer], *others: tf.TensorSpec
) -> tf.Module:
    """Wraps a function of images, and of others, in the two that are served.

    The module owns the variables of the network but not its Keras layers: what
    they would save beside them differs between Keras 2 and 3.
    """

    @tf.function(input_signature=[IMAGE, *others])
    def serving_default(image, *rest):
        return answer(image, *rest)

    @tf.function(input_signature=[IMAGE_BYTES, *others])
    def serve_encoded(image_bytes, *rest):
        return serving_default(decode(image_bytes), *rest)

    module = tf.Module(name=name)
    module.owned = list(serving_default.get_concrete_function().variables)
    module.serving_default = serving_default
    module.serve_encoded = serve_encoded
    return module
