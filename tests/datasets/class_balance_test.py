import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation.datasets import class_balance

# A cow; a cow and a horse; a horse and a sheep.
FARM = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]], bool)


@st.composite
def image_labels(draw):
    """Of up to twelve images, some of nothing and some of every class."""
    num_objects = draw(st.integers(1, 5))
    row = st.lists(st.booleans(), min_size=num_objects, max_size=num_objects)
    rows = draw(st.lists(row, min_size=1, max_size=12).filter(any_object))
    return np.array(rows)


def any_object(rows):
    return any(map(any, rows))


def cycles(found, of_images):
    """Parts of an order, each up to where the last class is seen."""
    there, seen, parts = of_images.any(0), np.zeros(of_images.shape[1]), [[]]
    for index in found:
        parts[-1].append(index)
        seen = np.logical_or(seen, of_images[index])
        if (seen == there).all():
            seen, parts = np.zeros_like(seen), [*parts, []]
    return parts[:-1]


def test_an_example_worked_by_hand_has_three_cycles():
    """The sheep, 2, is in all of them, and brings a horse.

    With it goes the lonely cow, 0. The cow with a horse, 1, can only be first;
    afterwards it would repeat a class, and 0 or 2 would not.
    """
    found = class_balance.order(FARM, 400, seed=0)
    parts = {tuple(part) for part in cycles(found, FARM)}
    assert parts == {(0, 2), (2, 0), (1, 2)}


def test_the_images_of_a_class_take_turns():
    """Each image of one class is drawn again once all others have been."""
    found = class_balance.order(np.ones((4, 1), bool), 12, seed=3)
    for turn in found.reshape(3, 4):
        assert sorted(turn) == [0, 1, 2, 3]
    assert len({tuple(turn) for turn in found.reshape(3, 4)}) > 1


def test_every_cycle_has_the_one_image_of_a_rare_class():
    random = np.random.default_rng(0)
    many = np.eye(4, 5, dtype=bool)[random.integers(0, 4, 1000)]
    many[617, 4] = True
    found = class_balance.order(many, 500, seed=0)
    parts = cycles(found, many)
    assert len(parts) >= 100
    assert all(part.count(617) == 1 for part in parts)


@given(image_labels(), st.integers(0, 1000))
@settings(deadline=None)
def test_a_cycle_shows_every_class_and_every_image_adds_one(rows, seed):
    found = class_balance.order(rows, 60, seed)
    assert (found.shape, found.dtype) == ((60,), np.int64)
    has_none = ~rows.any(1, keepdims=True)
    rows = np.hstack([rows, has_none])  # A class of their own.
    parts = cycles(found, rows)
    assert len(parts) >= 60 // rows.shape[1]
    for part in parts:
        seen = np.zeros(rows.shape[1], bool)
        for index in part:
            added = rows[index] & ~seen
            assert added.any()
            repeats = (rows & seen).sum(1)
            assert any(
                repeats[index] == repeats[rows[:, column]].min()
                for column in np.flatnonzero(added)
            )
            seen |= rows[index]
        np.testing.assert_array_equal(seen, rows.any(0))


@given(image_labels(), st.integers(0, 1000), st.integers(0, 60))
@settings(deadline=None)
def test_a_shorter_order_is_the_beginning_of_a_longer_one(rows, seed, count):
    whole = class_balance.order(rows, 60, seed)
    part = class_balance.order(rows, count, seed)
    np.testing.assert_array_equal(part, whole[:count])


def test_another_seed_gives_another_order():
    rows = np.eye(5, dtype=bool)
    first, other = (class_balance.order(rows, 50, seed) for seed in (1, 2))
    assert (first != other).any()


def test_each_cycle_has_one_image_without_objects():
    """They take turns: all four are drawn in four cycles of two images."""
    rows = np.zeros((5, 3), bool)
    rows[2, 1] = True
    found = class_balance.order(rows, 8, seed=0).reshape(4, 2)
    assert (found == 2).sum(1).tolist() == [1, 1, 1, 1]
    assert sorted(found[found != 2]) == [0, 1, 3, 4]


def test_images_without_objects_do_not_crowd_out_rare_classes():
    rows = np.zeros((100, 2), bool)
    rows[:2] = np.eye(2)
    found = class_balance.order(rows, 300, seed=0).reshape(100, 3)
    assert (found == 0).any(1).all()
    assert (found == 1).any(1).all()
    assert ((found > 1).sum(1) == 1).all()


def test_labels_without_any_object_are_refused():
    with pytest.raises(
        ValueError,
        match="wanted an object to balance classes by, found none in the image "
        "labels of 5 images; shuffle them instead",
    ):
        class_balance.order(np.zeros((5, 3), bool), 4, 0)
