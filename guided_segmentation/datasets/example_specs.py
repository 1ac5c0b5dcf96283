"""Dtypes and shapes of examples."""

import tensorflow as tf

EXAMPLE = {
    "image_id": tf.TensorSpec([], tf.string),
    "image": tf.TensorSpec([None, None, 3], tf.uint8),  # RGB.
    "image_labels": tf.TensorSpec(
        [None], tf.bool
    ),  # Which objects are present.
    "label_map": tf.TensorSpec(
        [None, None], tf.uint8
    ),  # Class indices, IGNORE.
}
SALIENCY_EXAMPLE = {
    "image_id": tf.TensorSpec([], tf.string),
    "image": tf.TensorSpec([None, None, 3], tf.uint8),
    "boxes": tf.TensorSpec([None, 4], tf.int32),  # One per annotator.
}


def check(dataset: tf.data.Dataset, schema: dict = EXAMPLE) -> tf.data.Dataset:
    """Returns `dataset` unchanged if its elements fit `schema`.

    Args:
      dataset: Yields dictionaries.
      schema: A tf.TensorSpec for each key that must be there.

    Raises:
      ValueError: If a key is missing or of another dtype or shape.
    """
    spec = dataset.element_spec
    for key, wanted in schema.items():
        if key not in spec or not wanted.is_compatible_with(spec[key]):
            raise ValueError(
                f"every example needs {key!r} as {wanted}, but this data set "
                f"yields {spec.get(key, 'no such key')}"
            )
    return dataset
