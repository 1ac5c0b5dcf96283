"""A trained segmenter in, a SavedModel out that TF Serving takes as it is.

The SavedModel is the whole inference, from bytes or pixels to a class at every
pixel, and needs nothing of this package. crf-postproc stays outside: it is
not TensorFlow (bin/segment_images does it).
"""

import pathlib
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from guided_segmentation import artifacts
from guided_segmentation.networks import prediction, weights

NAME = "guided_segmentation"
LABELS_FILE = "labels.txt"  # One class a line, by class index.
EXTRA_DIR = "assets.extra"  # Where TensorFlow looks for nothing.

IMAGE = tf.TensorSpec([None, None, None, 3], tf.uint8, "image")
IMAGE_BYTES = tf.TensorSpec([None], tf.string, "image_bytes")


def export(
    network: keras.Model,
    settings: dict,
    output_dir: artifacts.Path,
    *,
    name: str = NAME,
    version: int | None = None,
    scales: Sequence[float] = (1.0,),
    flip: bool = False,
) -> pathlib.Path:
    """Writes <output_dir>/<name>/<version>: a SavedModel of two signatures.

    `serving_default` takes `image`, [batch, height, width, 3] uint8 RGB of any
    size. `serve_encoded` takes `image_bytes`, [batch] string: JPEGs or PNGs,
    which share one size within a request; grey ones are converted, alpha is
    dropped. Both return `label_map`, [batch, height, width] uint8, and
    `probabilities`, [batch, height, width, num_classes] float32.

    The folder appears when it is complete. Its assets.extra holds the names of
    the classes and the settings of the training, file names without folders.

    Args:
      network: The segmenter, as networks.weights.trained loads it.
      settings: Its settings, likewise.
      output_dir: Folder of all exported models.
      name: What TF Serving calls the model.
      version: A number; None takes the next one.
      scales: Scales of the photograph to average over.
      flip: Whether the mirror image is averaged in.

    Returns:
      The folder of the version.

    Raises:
      FileExistsError: If there is that version already.
      ValueError: If the network is no segmenter.
    """
    classes = ["background", *(settings["objects"] or ())]
    _require_segmenter(network, classes)
    folder = pathlib.Path(output_dir) / name
    path = folder / str(_next_version(folder) if version is None else version)
    if path.exists():
        raise FileExistsError(
            f"{path} exists, and a served version never changes; leave "
            f"--version out to take the next one"
        )
    module = servable(
        prediction.dense(
            network,
            size=settings["input_size"],
            framing=settings["framing"],
            scales=scales,
            flip=flip,
        )
    )
    with artifacts.replacing_folder(path) as temporary:
        _save(module, temporary)
        _annotate(temporary / EXTRA_DIR, classes, settings)
    return path


def servable(predict: Callable[[tf.Tensor], tf.Tensor]) -> tf.Module:
    """Wraps a segmenter in the two functions that are served.

    Args:
      predict: What networks.prediction.dense returns.

    Returns:
      A module with the tf.functions `serving_default` and `serve_encoded`,
      which owns the variables of the network but not its Keras layers: what
      they would save beside them differs between Keras 2 and 3.
    """

    @tf.function(input_signature=[IMAGE])
    def serving_default(image):
        probabilities = predict(image)
        label_map = tf.cast(tf.argmax(probabilities, -1), tf.uint8)
        return {"label_map": label_map, "probabilities": probabilities}

    @tf.function(input_signature=[IMAGE_BYTES])
    def serve_encoded(image_bytes):
        return serving_default(decode(image_bytes))

    module = tf.Module()
    module.owned = list(serving_default.get_concrete_function().variables)
    module.serving_default = serving_default
    module.serve_encoded = serve_encoded
    return module


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


def _require_segmenter(network, classes):
    shape = tuple(network.output_shape)
    if len(shape) != 4 or shape[-1] != len(classes):
        raise ValueError(
            f"wanted a segmenter that gives logits [batch, rows, columns, "
            f"{len(classes)}], got {network.name} that gives {shape}; name the "
            f"folder of a run of bin/train_segmenter"
        )


def _next_version(folder):
    taken = [int(p.name) for p in folder.glob("*") if p.name.isdecimal()]
    return max(taken, default=0) + 1


def _save(module, folder):
    signatures = {
        name: getattr(module, name).get_concrete_function()
        for name in ("serving_default", "serve_encoded")
    }
    tf.saved_model.save(module, str(folder), signatures)


def _annotate(folder, classes, settings):
    text = "".join(f"{name}\n" for name in classes)
    artifacts.write_bytes(folder / LABELS_FILE, text.encode())
    artifacts.write_json(
        folder / weights.SETTINGS_FILE, _without_folders(settings)
    )


def _without_folders(value):
    """Cuts absolute paths down to file names: a model is read by strangers."""
    if isinstance(value, dict):
        return {key: _without_folders(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_folders(part) for part in value]
    if isinstance(value, str) and pathlib.PurePath(value).is_absolute():
        return pathlib.PurePath(value).name
    return value
