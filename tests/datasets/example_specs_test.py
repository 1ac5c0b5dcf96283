import numpy as np
import pytest
import tensorflow as tf

from guided_segmentation.datasets import example_specs


def example():
    return {
        "image_id": "2007_000032",
        "image": np.zeros((4, 5, 3), np.uint8),
        "image_labels": np.ones(20, bool),
        "label_map": np.zeros((4, 5), np.uint8),
    }


def of(parts):
    return tf.data.Dataset.from_tensors(parts)


def test_a_data_set_that_fits_is_returned_unchanged():
    dataset = of({**example(), "seeds": np.zeros((4, 5), np.uint8)})
    assert example_specs.check(dataset) is dataset


def test_a_saliency_data_set_has_a_schema_of_its_own():
    parts = example()
    parts = {key: parts[key] for key in ("image_id", "image")}
    dataset = of({**parts, "boxes": np.zeros((3, 4), np.int32)})
    assert (
        example_specs.check(dataset, example_specs.SALIENCY_EXAMPLE) is dataset
    )


@pytest.mark.parametrize("key", example_specs.EXAMPLE)
def test_a_missing_key_is_named(key):
    parts = example()
    del parts[key]
    with pytest.raises(
        ValueError, match=f"every example needs '{key}' .* yields no such key"
    ):
        example_specs.check(of(parts))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image", np.zeros((4, 5, 3), np.float32)),
        ("image", np.zeros((4, 5), np.uint8)),
        ("image", np.zeros((4, 5, 4), np.uint8)),
        ("image_labels", np.ones(20, np.int32)),
        ("label_map", np.zeros((4, 5, 1), np.uint8)),
        ("image_id", 2007000032),
    ],
)
def test_another_dtype_or_shape_is_refused(key, value):
    dataset = of({**example(), key: value})
    found = dataset.element_spec[key]
    with pytest.raises(ValueError, match=f"every example needs '{key}'") as e:
        example_specs.check(dataset)
    assert str(example_specs.EXAMPLE[key]) in str(e.value)
    assert str(found) in str(e.value)
