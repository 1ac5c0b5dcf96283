import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.datasets.preparation import object_probabilities

OBJECTS = ["cat", "dog"]


def source(levels, digest="photographs"):
    images = {f"i{k}": np.full((2, 3, 3), v, np.uint8) for k, v in levels}
    return schema.Source(
        name="msra",
        digest=digest,
        image_ids=tuple(images),
        image=lambda image_id: images[image_id],
    )


def classifier(image):
    """Logit of cat: the level; of dog: its negative."""
    logit = float(image[0, 0, 0]) - 4
    return np.array([logit, -logit], np.float32)


def score(path, given=None, how=classifier, network="sha"):
    given = given or source([(0, 0), (1, 4), (2, 8)])
    return object_probabilities.score(
        how, given, OBJECTS, path, {"weights": network}
    )


def refusing(image):
    raise AssertionError("scored again")


def test_the_largest_probability_and_its_object_are_found(tmp_path):
    found = score(tmp_path / "scores.json")
    sure = pytest.approx(1 / (1 + np.exp(-4)), abs=1e-6)
    assert found == {
        "i0": {"probability": sure, "object": "dog"},
        "i1": {"probability": 0.5, "object": "cat"},
        "i2": {"probability": sure, "object": "cat"},
    }


def test_the_threshold_is_exclusive(tmp_path):
    found = score(tmp_path / "scores.json")
    assert object_probabilities.ids_below(found, 0.6) == ["i1"]
    assert object_probabilities.ids_below(found, 1.0) == ["i0", "i1", "i2"]


def test_nothing_below_the_threshold_is_an_error(tmp_path):
    found = score(tmp_path / "scores.json")
    with pytest.raises(ValueError, match=r"found none of 3; the lowest is 0.5"):
        object_probabilities.ids_below(found, 0.5)


def test_finished_images_are_not_scored_again(tmp_path):
    first = score(tmp_path / "scores.json")
    assert score(tmp_path / "scores.json", how=refusing) == first


def test_a_call_that_was_stopped_continues(tmp_path, monkeypatch):
    monkeypatch.setattr(object_probabilities, "_SAVE_EVERY", 1)
    seen = []

    def stopping(image):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(image)
        return classifier(image)

    with pytest.raises(KeyboardInterrupt):
        score(tmp_path / "scores.json", how=stopping)
    kept = artifacts.read_json(tmp_path / "scores.json")["images"]
    assert list(kept) == ["i0", "i1"]
    assert list(score(tmp_path / "scores.json")) == ["i0", "i1", "i2"]


@pytest.mark.parametrize(
    ("network", "digest"), [("other", "photographs"), ("sha", "other")]
)
def test_scores_of_another_network_or_other_photographs_are_made_again(
    tmp_path, network, digest
):
    score(tmp_path / "scores.json", source([(0, 9), (7, 9)]))
    found = score(
        tmp_path / "scores.json",
        source([(0, 0)], digest),
        network=network,
    )
    assert list(found) == ["i0"]
    assert found["i0"]["object"] == "dog"


def test_logits_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="'i0': wanted finite logits"):
        score(tmp_path / "s.json", how=lambda _: np.array([np.nan, 0]))


def test_a_number_of_images_with_the_lowest_probabilities_is_kept(tmp_path):
    found = score(tmp_path / "scores.json", source([(0, 9), (1, 4), (2, 5)]))
    assert object_probabilities.ids_of_lowest(found, 1) == ["i1"]
    assert object_probabilities.ids_of_lowest(found, 2) == ["i1", "i2"]
    with pytest.raises(ValueError, match=r"wanted the 4 images .*found 3"):
        object_probabilities.ids_of_lowest(found, 4)
