import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_segmentation import labels
from guided_segmentation.datasets import schema
from guided_segmentation.evaluation import mean_iou, seed_curves
from guided_segmentation.seeders import seeds

FARM = labels.LabelSet(("cow", "horse", "sheep"))
NONE = labels.IGNORE


def scene(seed, classes, size=(6, 7)):
    """A truth of all classes, some void, and score maps of all signs."""
    random = np.random.default_rng(seed)
    truth = random.choice([0, 1, 2, 3, NONE], size).astype(np.uint8)
    maps = random.normal(size=(*size, len(classes)))
    # Shares that lie on a threshold exactly are the hard ones.
    maps = np.round(maps * 2, 1) * random.choice([1, 30], len(classes))
    return truth, maps


def predicted(maps, classes, threshold):
    """Seeds of one image at one threshold, pixel by pixel."""
    share = seeds.normalized(maps)
    found = np.zeros(maps.shape[:2], np.uint8)
    for pixel in np.ndindex(found.shape):
        if len(classes) and share[pixel].max() > np.float32(threshold):
            found[pixel] = classes[share[pixel].argmax()]
    return found


def test_the_grid_is_that_of_the_authors():
    grid = seed_curves.THRESHOLDS
    assert grid.size == 209
    assert (np.diff(grid) > 0).all()
    assert grid[:10].tolist() == [-10, -9, -8, -7, -6, -5, -4, -3, -2, -1]
    assert grid[-2:].tolist() == [0.98, 0.99]


@given(st.integers(0, 1000), st.sampled_from([(), (2,), (1, 3), (1, 2, 3)]))
@settings(max_examples=20, deadline=None)
def test_one_pass_equals_a_loop_over_thresholds(seed, classes):
    images = [scene(seed, classes), scene(seed + 1, classes, (5, 4))]
    counts = sum(
        seed_curves.count(truth, maps, classes, 4) for truth, maps in images
    )
    found = seed_curves.confusions(counts)
    for threshold, confusion in zip(seed_curves.THRESHOLDS, found, strict=True):
        expected = sum(
            mean_iou.confusion(truth, predicted(maps, classes, threshold), 4)
            for truth, maps in images
        )
        np.testing.assert_array_equal(confusion, expected)


def test_a_share_equal_to_the_threshold_is_background():
    """Two pixels of a cow, one of which has less than its maximum."""
    truth = np.ones((1, 2), np.uint8)
    at = seed_curves.THRESHOLDS.searchsorted
    for share in (0.5, 0.2, 0.3, 0.7):  # float32 holds the first one alone.
        maps = np.array([[[10.0], [10 * share]]])
        found = seed_curves.confusions(seed_curves.count(truth, maps, [1], 2))
        assert found[at(share) - 1, 1].tolist() == [0, 2, 0]
        assert found[at(share), 1].tolist() == [1, 1, 0]
        assert found[at(0.99), 1].tolist() == [1, 1, 0]


def test_curves_of_a_hand_worked_image():
    """Shares 1, 0.75, 0.5 and 0.25; cow, background, cow, background."""
    truth = np.array([[1, 0, 1, 0]], np.uint8)
    maps = np.array([[[1.0], [0.75], [0.5], [0.25]]])
    found = seed_curves.curves(seed_curves.count(truth, maps, [1], 2))
    at = seed_curves.THRESHOLDS.searchsorted
    points = {
        share: [
            found[area][name][at(share)]
            for area in ("fg", "bg")
            for name in ("precision", "recall")
        ]
        for share in (0.9, 0.6, 0.4, 0.1)
    }
    assert points[0.9] == pytest.approx([1, 1 / 2, 2 / 3, 1])
    assert points[0.6] == pytest.approx([1 / 2, 1 / 2, 1 / 2, 1 / 2])
    assert points[0.4] == pytest.approx([2 / 3, 1, 1, 1 / 2])
    assert points[0.1][:2] == pytest.approx([1 / 2, 1])
    assert points[0.1][2:] == [None, 0]


def test_mean_precision_looks_at_the_first_points_past_its_recalls():
    """At 0.3 and 0.9, not at the points on 0.2 and 0.8."""
    found = {
        "fg": {"recall": [0.9, 0.3, 0.2], "precision": [0.1, 0.6, 1.0]},
        "bg": {"recall": [None, 0.8, 0.9], "precision": [None, 1.0, 0.8]},
    }
    assert seed_curves.mean_precision(found) == pytest.approx(0.7)


def test_mean_precision_takes_the_best_of_equal_recalls():
    found = {
        "fg": {"recall": [0.5, 0.5], "precision": [0.2, 0.4]},
        "bg": {"recall": [1.0, 1.0], "precision": [0.8, 0.6]},
    }
    assert seed_curves.mean_precision(found) == pytest.approx(0.6)


def test_a_curve_that_never_passes_its_recall_has_no_mean_precision():
    found = {
        "fg": {"recall": [0.1], "precision": [1.0]},
        "bg": {"recall": [1.0], "precision": [1.0]},
    }
    assert np.isnan(seed_curves.mean_precision(found))


TRUTHS = {
    "a": np.array([[0, 0, 0, 1], [0, 0, 0, 1]], np.uint8),
    "b": np.array([[2, 2, NONE, 0], [0, 0, 0, 0]], np.uint8),
}


def source(**changed):
    parts = {
        "name": "farm",
        "image_ids": tuple(TRUTHS),
        # The photograph shows its label map, for `knowing`.
        "image": lambda i: np.repeat(TRUTHS[i][..., None], 3, 2),
        "image_labels": lambda i: np.isin([1, 2, 3], TRUTHS[i]),
        "label_map": TRUTHS.__getitem__,
        "label_set": FARM,
    }
    return schema.Source(**{**parts, **changed})


def knowing(image, objects):
    """A seeder that sees the truth, and shouts of a class that is absent."""
    maps = np.stack([image[..., 0] == c for c in (1, 2, 3)], -1) * 2.0
    maps[..., 2] += 9
    return maps[..., objects], maps[..., :3].max((0, 1)) * [1, 1, 0]


def test_a_seeder_that_knows_the_truth_is_perfect():
    found = seed_curves.evaluate(knowing, source())
    assert (found["mp"], found["map"], found["images"]) == (1, 1, 2)
    assert found["ap"] == {"cow": 1, "horse": 1, "sheep": None}
    assert json.loads(json.dumps(found)) == found


def test_a_seeder_that_has_it_the_wrong_way_round_is_not():
    def misled(image, objects):
        maps, logits = knowing(image, objects)
        return 2 - maps, -logits

    found = seed_curves.evaluate(misled, source())
    assert found["mp"] is None  # The background is never found.
    assert max(filter(None, found["fg"]["precision"])) < 0.5
    assert found["ap"]["cow"] == found["ap"]["horse"] == 0.5


COWS = {  # In each photograph a pixel of its own value.
    "a": (3, [False, True, False]),  # No cow, but the highest score of one.
    "b": (2, [True, False, False]),
    "c": (1, [True, False, False]),
}


def evaluated(difficult):
    of_cows = source(
        image_ids=tuple(COWS),
        image=lambda i: np.full((1, 1, 3), COWS[i][0], np.uint8),
        image_labels=lambda i: np.array(COWS[i][1]),
        label_map=lambda i: np.zeros((1, 1), np.uint8),
        difficult=difficult,
    )
    return seed_curves.evaluate(
        lambda x, objects: (x[..., objects] / 1.0, x[0, 0] / 1.0), of_cows
    )


def test_an_image_of_difficult_cows_is_ignored_for_cows():
    """Without b the one true cow comes second; with it two of three are."""
    cow_of_b = {i: np.array([i == "b", False, False]) for i in COWS}
    for difficult, cow, mean in (
        (None, 2 / 3, 5 / 6),
        (lambda _: np.zeros(3, bool), 2 / 3, 5 / 6),
        (cow_of_b.__getitem__, 1 / 2, 3 / 4),
    ):
        found = evaluated(difficult)
        assert found["ap"]["cow"] == pytest.approx(cow)
        assert (found["ap"]["horse"], found["ap"]["sheep"]) == (1, None)
        assert found["map"] == pytest.approx(mean)
        assert found["images"] == 3


def test_a_seeder_that_does_not_classify_has_no_map():
    found = seed_curves.evaluate(
        lambda *asked: (knowing(*asked)[0], None), source()
    )
    assert (found["mp"], found["map"]) == (1, None)
    assert found["ap"] == {"cow": None, "horse": None, "sheep": None}


def test_a_split_without_truth_is_refused():
    with pytest.raises(
        ValueError, match="farm has no true label maps to score"
    ):
        seed_curves.evaluate(knowing, source(label_map=None))


def test_score_maps_of_another_size_are_refused():
    with pytest.raises(
        ValueError,
        match=r"a: truth and score maps must share one size, got \(2, 4\) and "
        r"\(4, 2\); resize",
    ):
        seed_curves.count(TRUTHS["a"], np.zeros((4, 2, 1)), [1], 4, "a")


def test_a_class_outside_the_label_set_is_refused():
    with pytest.raises(ValueError, match="truth of b"):
        seed_curves.count(TRUTHS["b"], np.zeros((2, 4, 1)), [1], 2, "b")
