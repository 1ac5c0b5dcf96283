import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import synthetic
from guided_segmentation.evaluation import comparison

SOURCE = synthetic.source("train", num_images=1, seed=0)
SCORES = {"source": "synthetic/train", "mae": 0.25, "curve": {}}


def read(path, content):
    artifacts.write_json(path, content)
    return comparison.read(path, SOURCE, "evaluate_it", ("mae", "curve"))


def test_scores_of_the_same_images_are_read_as_they_are(tmp_path):
    assert read(tmp_path / "a.json", SCORES) == SCORES


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({**SCORES, "source": "synthetic/val"}, "those on synthetic/val"),
        ({"source": "synthetic/train", "mae": 0.25}, "something else"),
        ({"mae": 0.25, "curve": {}}, "something else"),
        (["source", "mae", "curve"], "something else"),
        (7, "something else"),
    ],
    ids=["other_images", "no_curve", "no_source", "a_list", "a_number"],
)
def test_other_scores_are_refused(tmp_path, content, found):
    with pytest.raises(
        ValueError,
        match=f"a.json: wanted scores of bin/evaluate_it on synthetic/train, "
        f"found {found}$",
    ):
        read(tmp_path / "a.json", content)
