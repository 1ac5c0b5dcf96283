import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation import artifacts, labels
from guided_segmentation.datasets import schema
from guided_segmentation.errors import InputError
from guided_segmentation.seeders import seeds

BIRD, CAT = 3, 8
CLASSES = np.array([BIRD, CAT], np.uint8)
SCORES = st.floats(-10, 10, width=32, allow_subnormal=False)
PETS = labels.LabelSet(("cat", "dog", "fish"))


def source(present=(True, False, True), count=3):
    images = {
        f"2007_{i}": np.full((2, 4, 3), i, np.uint8) for i in range(count)
    }
    return schema.Source(
        name="pets",
        image_ids=tuple(images),
        image=images.get,
        image_labels=lambda _: np.array(present),
        label_set=PETS,
    )


class Seeder:
    """Returns scores that rise, stay and fall from left to right."""

    def __init__(self, logits=(0.0, 0.0, 0.0)):
        self.seen = []
        self.logits = None if logits is None else tf.constant(logits)

    def __call__(self, image, objects):
        self.seen.append(int(image[0, 0, 0]))
        row = np.array([[-1, 0, 1, 10], [90, 90, 90, 90], [4, 2, -1, -1]])
        maps = np.broadcast_to(row.T, (2, 4, 3)).astype(np.float32)
        return tf.constant(maps[..., objects]), self.logits


def test_the_threshold_is_the_papers():
    assert seeds.THRESHOLD == 0.2


def test_the_threshold_is_inclusive():
    maps = np.array([[10, 2, 1.999, -5]], np.float32)[..., None]
    assert seeds.seeds(maps, CLASSES[:1]).tolist() == [[BIRD, BIRD, 0, 0]]
    assert seeds.seeds(maps, CLASSES[:1], 0.5).tolist() == [[BIRD, 0, 0, 0]]


def test_each_class_is_divided_by_its_own_maximum():
    bird, cat = [100, 50, 10, 10], [0.1, 0.9, 1, 0.1]
    maps = np.array([bird, cat], np.float32).T[None]
    assert seeds.seeds(maps, CLASSES).tolist() == [[BIRD, CAT, CAT, 0]]


def test_where_classes_tie_the_first_wins():
    maps = np.ones((1, 2, 2), np.float32)
    assert seeds.seeds(maps, CLASSES).tolist() == [[BIRD, BIRD]]


@pytest.mark.parametrize("highest", [0.0, -3.0])
def test_a_class_without_a_positive_score_has_no_seeds(highest):
    bird, cat = [highest, highest - 1, highest - 2], [1, 0.1, 0.5]
    maps = np.array([bird, cat], np.float32).T[None]
    assert seeds.seeds(maps, CLASSES).tolist() == [[CAT, 0, CAT]]
    assert not seeds.seeds(maps[..., :1], CLASSES[:1]).any()


def test_an_image_without_objects_has_no_seeds():
    none = seeds.seeds(np.zeros((2, 3, 0), np.float32), np.zeros(0, np.uint8))
    assert (none.shape, none.dtype, none.any()) == ((2, 3), np.uint8, False)


def test_normalized_maps_are_relative_to_their_maximum():
    maps = np.array([[[4.0, -1], [-2, -5]]], np.float16)
    relative = seeds.normalized(maps)
    assert relative.dtype == np.float32
    assert relative.tolist() == [[[1, -np.inf], [-0.5, -np.inf]]]


@given(
    arrays.arrays(
        np.float32,
        (5, 6, 2),
        # No value so small that a division by it overflows.
        elements=st.integers(-1280, 1280).map(lambda number: number / 128),
    ),
    st.floats(0.1, 1),
)
@settings(max_examples=50, deadline=None)
def test_seeds_follow_the_formula_of_the_released_code(maps, threshold):
    """label = argmax n_c where max n_c reaches the threshold, else 0."""
    expected = np.zeros((5, 6), np.uint8)
    for place in np.ndindex(5, 6):
        best = (-np.inf, 0)
        for index, label in enumerate((BIRD, CAT)):
            highest = maps[..., index].max()
            if highest > 0:
                relative = np.float32(maps[place][index] / highest)
                best = max(best, (relative, -label))
        if best[0] >= threshold:
            expected[place] = -best[1]
    result = seeds.seeds(maps, CLASSES, threshold)
    assert result.dtype == np.uint8
    np.testing.assert_array_equal(result, expected)


def test_only_present_classes_get_seeds(tmp_path):
    seeds.make_seeds(Seeder(), source(), tmp_path)
    for image_id in source().image_ids:
        made = artifacts.read_label_map(tmp_path / f"{image_id}.png")
        assert made.tolist() == 2 * [[3, 3, 0, 1]]


def test_a_higher_threshold_makes_fewer_seeds(tmp_path):
    seeds.make_seeds(Seeder(), source(), tmp_path, threshold=0.6)
    made = artifacts.read_label_map(tmp_path / "2007_0.png")
    assert made.tolist() == 2 * [[3, 0, 0, 1]]


def test_score_maps_are_written_if_their_folder_is_given(tmp_path):
    seeds.make_seeds(
        Seeder(), source(), tmp_path / "s", score_maps_dir=tmp_path / "m"
    )
    maps, classes = artifacts.read_score_maps(tmp_path / "m" / "2007_1.npz")
    assert classes.tolist() == [1, 3]
    assert maps[0].tolist() == [[-1, 4], [0, 2], [1, -1], [10, -1]]


def test_score_maps_are_made_where_only_the_seeds_exist(tmp_path):
    seeds.make_seeds(Seeder(), source(), tmp_path / "s")
    before = (tmp_path / "s" / "2007_1.png").stat()
    seeder = Seeder()
    folders = {"output_dir": tmp_path / "s", "score_maps_dir": tmp_path / "m"}
    seeds.make_seeds(seeder, source(), **folders)
    assert seeder.seen == [0, 1, 2]
    maps, _ = artifacts.read_score_maps(tmp_path / "m" / "2007_1.npz")
    assert maps[0].tolist() == [[-1, 4], [0, 2], [1, -1], [10, -1]]
    assert (tmp_path / "s" / "2007_1.png").stat() == before
    (tmp_path / "m" / "2007_2.npz").unlink()
    seeds.make_seeds(seeder, source(), **folders)
    assert seeder.seen == [0, 1, 2, 2]


def test_images_lack_seeds_or_score_maps(tmp_path):
    for name in ("seeds/a.png", "maps/a.npz", "seeds/b.png", "maps/c.npz"):
        artifacts.write_bytes(tmp_path / name, b"")
    ids = ["a", "b", "c", "d"]
    folders = [tmp_path / "seeds", tmp_path / "maps"]
    assert seeds.missing(ids, folders[0]) == ["c", "d"]
    assert seeds.missing(ids, *folders) == ["b", "c", "d"]


def test_only_missing_seeds_are_made(tmp_path):
    seeds.make_seeds(Seeder(), source(), tmp_path)
    (tmp_path / "2007_1.png").unlink()
    seeder = Seeder()
    seeds.make_seeds(seeder, source(), tmp_path)
    assert seeder.seen == [1]
    seeds.make_seeds(seeder, source(), tmp_path)
    assert seeder.seen == [1]


def test_an_image_without_labels_gets_no_seeds(tmp_path):
    seeds.make_seeds(Seeder(), source((False, False, False), 1), tmp_path)
    assert not artifacts.read_label_map(tmp_path / "2007_0.png").any()


def test_predicted_objects_reach_the_threshold():
    image = np.zeros((2, 4, 3), np.uint8)
    seeder = Seeder(logits=(-0.01, 0.0, 2.0))
    assert seeds.predicted_objects(seeder, image).tolist() == [1, 2]
    assert seeds.predicted_objects(seeder, image, 0.6).tolist() == [2]
    assert seeds.predicted_objects(seeder, image, 0.0).tolist() == [0, 1, 2]


def test_images_without_labels_get_seeds_of_predicted_objects(tmp_path):
    bare = schema.Source(
        name="photos",
        image_ids=("a",),
        image=lambda _: np.zeros((2, 4, 3), np.uint8),
    )
    seeder = Seeder(logits=(-3.0, -3.0, 3.0))
    seeds.make_seeds(seeder, bare, tmp_path, class_threshold=0.5)
    made = artifacts.read_label_map(tmp_path / "a.png")
    assert made.tolist() == 2 * [[3, 3, 0, 0]]


def test_a_seeder_that_does_not_classify_needs_labels(tmp_path):
    with pytest.raises(
        ValueError,
        match="does not tell which objects are there; give images with image",
    ):
        seeds.make_seeds(
            Seeder(logits=None), source(), tmp_path, class_threshold=0.5
        )


def test_a_large_photograph_is_scored_at_a_smaller_size(tmp_path, monkeypatch):
    """A ramp: seeds where it reaches half of its end, up to a cell."""
    monkeypatch.setattr(seeds, "_MAX_SCORES", 2 * 20 * 30)
    sizes = []

    def ramp(image, objects):
        height, width = image.shape[:2]
        sizes.append((height, width))
        row = np.linspace(0, 1, width, dtype=np.float32)
        maps = np.broadcast_to(row[:, None], (height, width, len(objects)))
        return maps, None

    big = schema.Source(
        name="big",
        image_ids=("a",),
        image=lambda _: np.zeros((200, 300, 3), np.uint8),
        image_labels=lambda _: np.array([False, True, True]),
    )
    folders = {"output_dir": tmp_path / "s", "score_maps_dir": tmp_path / "m"}
    seeds.make_seeds(ramp, big, **folders, threshold=0.5)
    assert sizes == [(20, 30)]
    made = artifacts.read_label_map(tmp_path / "s" / "a.png")
    assert made.shape == (200, 300)
    assert (made[:, 160:] == 2).all() and not made[:, :140].any()
    maps, _ = artifacts.read_score_maps(tmp_path / "m" / "a.npz")
    np.testing.assert_allclose(
        maps[0, ::30, 0], np.linspace(0, 1, 10), atol=0.12
    )


def test_an_unreadable_photograph_ends_with_its_message(tmp_path):
    def image(image_id):
        raise InputError(f"{image_id}.jpg is broken")

    broken = dataclasses.replace(source(), image=image)
    with pytest.raises(ValueError, match=r"^2007_0\.jpg is broken$"):
        seeds.make_seeds(Seeder(), broken, tmp_path)
