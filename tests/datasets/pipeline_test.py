import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation.datasets import class_balance, example_specs, pipeline

LABEL_MAP = tf.TensorSpec([None, None], tf.uint8)
IDS = tuple(f"2007_00{index:04}" for index in range(7))
IMAGE_LABELS = np.array([[i % 2, i % 3 == 0, i == 5] for i in range(7)], bool)


def through(function, output, *arrays):
    """Maps arrays in tf.data; returns data set and elements."""
    op = pipeline.numpy_op(function, output)
    dataset = tf.data.Dataset.from_tensors(arrays).map(op)
    return dataset, lambda: list(dataset.as_numpy_iterator())


def visits(first, last, seed=7, image_ids=IDS):
    return list(
        pipeline.shuffled(image_ids, first, last, seed).as_numpy_iterator()
    )


def balanced(first, last, seed=7):
    return list(
        pipeline.class_balanced(
            IDS, IMAGE_LABELS, first, last, seed
        ).as_numpy_iterator()
    )


def names(examples):
    return [example["image_id"].decode() for example in examples]


def test_a_numpy_op_keeps_dtype_and_shape_in_the_graph():
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    dataset, run = through(lambda a: a + 1, LABEL_MAP, array)
    assert dataset.element_spec == LABEL_MAP
    np.testing.assert_array_equal(run()[0], array + 1)


def test_a_numpy_op_gives_text_as_bytes():
    _, run = through(
        lambda name: np.array(len(name)), tf.TensorSpec([], tf.int64), b"cat"
    )
    assert run() == [3]


def test_a_numpy_op_that_returns_another_dtype_is_an_error():
    def make_seeds(array):
        return array.astype(np.int64)

    _, run = through(make_seeds, LABEL_MAP, np.zeros((2, 2), np.uint8))
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="make_seeds must return uint8, but returned int64",
    ):
        run()


def test_a_numpy_op_that_returns_another_shape_is_an_error():
    _, run = through(lambda a: a[0], LABEL_MAP, np.zeros((2, 2), np.uint8))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[\?,\?\]"):
        run()


def test_the_message_of_a_python_error_passes_through_tensorflow():
    def fail(_):
        raise ValueError("no seeds for image '2007_000032'")

    _, run = through(fail, LABEL_MAP, np.zeros((2, 2), np.uint8))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="no seeds for image '2007_000032'"
    ):
        run()


def test_reading_adds_parts_to_an_example_and_keeps_the_rest():
    read = pipeline.read(
        {
            "image_labels": lambda image_id: np.array([image_id == IDS[1]]),
            "label_map": lambda image_id: np.full(
                (2, 3), int(image_id[-1]), "u1"
            ),
        }
    )
    dataset = pipeline.shuffled(IDS, 0, 7, 0).map(read)
    assert dataset.element_spec["label_map"] == LABEL_MAP
    assert dataset.element_spec["image_labels"] == tf.TensorSpec([None], bool)
    for example in dataset.as_numpy_iterator():
        image_id = example["image_id"].decode()
        assert example["image_labels"] == [image_id == IDS[1]]
        assert (example["label_map"] == int(image_id[-1])).all()
        assert set(example) == {
            "image_id", "index", "seed", "image_labels", "label_map",
        }  # fmt: skip


def test_a_reader_of_all_parts_fits_the_schema():
    read = pipeline.read(
        {
            "image": lambda _: np.zeros((2, 3, 3), np.uint8),
            "image_labels": lambda _: np.ones(20, bool),
            "label_map": lambda _: np.zeros((2, 3), np.uint8),
        }
    )
    example_specs.check(pipeline.shuffled(IDS, 0, 7, 0).map(read))


@given(st.integers(1, 40), st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_every_epoch_visits_every_image_once(count, seed):
    image_ids = tuple(str(index) for index in range(count))
    seen = names(visits(0, 3 * count, seed, image_ids))
    for epoch in range(3):
        part = seen[epoch * count : (epoch + 1) * count]
        assert sorted(part) == sorted(image_ids)


def test_every_epoch_has_an_order_of_its_own():
    image_ids = tuple(str(index) for index in range(50))
    seen = names(visits(0, 150, image_ids=image_ids))
    orders = {tuple(seen[start : start + 50]) for start in (0, 50, 100)}
    assert len(orders) == 3
    assert image_ids not in orders


def test_another_seed_gives_another_order():
    image_ids = tuple(str(index) for index in range(50))
    assert names(visits(0, 50, 1, image_ids)) != names(
        visits(0, 50, 2, image_ids)
    )


@pytest.mark.parametrize("order", [visits, balanced])
@pytest.mark.parametrize("first", [0, 1, 6, 7, 12, 20])
def test_an_order_resumed_in_the_middle_continues_the_whole_order(order, first):
    whole, rest = order(0, 21), order(first, 21)
    assert len(rest) == 21 - first
    for expected, example in zip(whole[first:], rest, strict=True):
        assert example.keys() == expected.keys()
        for key, value in example.items():
            np.testing.assert_array_equal(value, expected[key])


@pytest.mark.parametrize("order", [visits, balanced])
def test_the_index_is_that_of_the_name(order):
    for example in order(0, 14):
        assert IDS[example["index"]] == example["image_id"].decode()


@pytest.mark.parametrize("order", [visits, balanced])
def test_no_two_positions_share_a_seed(order):
    seeds = {tuple(example["seed"]) for example in order(0, 50)}
    assert len(seeds) == 50


def test_a_balanced_order_is_that_of_class_balance():
    """And differs from the other one in nothing else."""
    indices = [example["index"] for example in balanced(0, 20)]
    expected = class_balance.order(IMAGE_LABELS, 20, 7)
    np.testing.assert_array_equal(indices, expected)
    for one, other in zip(balanced(0, 20), visits(0, 20), strict=True):
        np.testing.assert_array_equal(one["seed"], other["seed"])
        dtypes = [
            {k: v.dtype for k, v in x.items() if k != "image_id"}
            for x in (one, other)
        ]
        assert dtypes[0] == dtypes[1]


def test_batches_keep_the_order_and_drop_a_smaller_last_batch():
    double = {
        "index": lambda example: {**example, "index": 2 * example["index"]}
    }
    batches = pipeline.training_batches(
        pipeline.shuffled(IDS, 0, 11, 7), list(double.values()), 3
    )
    batches = list(batches.as_numpy_iterator())
    assert len(batches) == 3
    expected = [2 * example["index"] for example in visits(0, 9)]
    np.testing.assert_array_equal(
        np.concatenate([batch["index"] for batch in batches]), expected
    )


def test_autotune_is_off():
    batches = pipeline.training_batches(
        pipeline.shuffled(("a", "b"), 0, 4, seed=0), [], 2
    )
    assert batches.options().autotune.enabled is False


def test_examples_in_order_come_once_with_their_names_as_text():
    made = pipeline.in_order(
        IDS,
        {
            "label_map": lambda image_id: np.full(
                (1, 1), int(image_id[-1]), "u1"
            )
        },
    )
    made = list(made)
    assert [example["image_id"] for example in made] == list(IDS)
    assert [example["label_map"].item() for example in made] == list(range(7))


def test_examples_in_order_read_no_more_than_a_few_ahead():
    reads = []

    def image(image_id):
        reads.append(image_id)
        return np.zeros((1, 1, 3), np.uint8)

    image_ids = [str(index) for index in range(100)]
    next(pipeline.in_order(image_ids, {"image": image}))
    assert len(reads) < 20
