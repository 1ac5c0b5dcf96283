"""Strips show the maps they should, of images that nobody picked."""

import dataclasses

import numpy as np
import pytest
import report_samples
from report_samples import GUIDES, source

from guided_segmentation import artifacts
from guided_segmentation.report import strips


@pytest.fixture
def folders(tmp_path):
    report_samples.write_folders(tmp_path)
    return tmp_path


def all_strips(folders):
    dirs = {name: folders / name for name in GUIDES}
    return {
        "train": strips.guide_strips(
            source(), dirs, folders / "seeds", folders / "saliency", 2
        ),
        "val": strips.prediction_strips(source(), dirs, 3),
    }


def test_strips_show_seeds_saliency_guides_and_truth(folders):
    strip = all_strips(folders)["train"][0]
    assert list(strip.pictures) == [
        "Image", "Seeds", "Saliency", "G0", "G2", "Saliency oracle", "Truth",
    ]  # fmt: skip
    assert strip.objects == ((2, "rook"),)


def test_a_saliency_map_of_any_maximum_looks_the_same(folders):
    def shown(maximum):
        levels = np.zeros(source().image("<0>").shape[:2])
        levels[:, :2] = maximum / 255
        path = folders / "saliency" / "<0>.png"
        artifacts.write_saliency_map(path, levels)
        return all_strips(folders)["train"][0].pictures["Saliency"].pixels

    np.testing.assert_array_equal(shown(100), shown(255))


def test_strips_of_predictions_show_each_segmenter(folders):
    strip = all_strips(folders)["val"][0]
    assert list(strip.pictures) == [
        "Image", "Seeds only", "G0", "G2", "Saliency oracle",
        "Full supervision", "Truth",
    ]  # fmt: skip


def test_strips_without_truth_seeds_or_saliency_leave_them_out(folders):
    strip = strips.guide_strips(
        source(with_truth=False), {"g2": folders / "g2"}, None, None, 1
    )[0]
    assert list(strip.pictures) == ["Image", "G2"]


def test_strips_are_at_equal_intervals_and_no_more_than_there_are(folders):
    dirs = {"g2": folders / "g2"}
    ids = [
        [each.image_id for each in strips.prediction_strips(source(), dirs, n)]
        for n in (2, 9)
    ]
    assert ids == [["<0>", "<2>"], list(source().image_ids)]


def test_strips_are_chosen_among_images_that_were_labelled(folders):
    found = strips.prediction_strips(
        source(num_images=50), {"g2": folders / "g2"}, 50
    )
    assert len(found) == 5


def test_a_missing_map_is_named(folders):
    (folders / "seeds" / "<0>.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file .*seeds/<0>.png"):
        all_strips(folders)


def test_the_best_and_the_worst_follow_those_at_equal_intervals(folders):
    ranking = {"<0>": 0.5, "<1>": 0.25, "<2>": 0.0, "<3>": 1.0, "<9>": 0.9}
    found = strips.prediction_strips(
        source(), {"g2": folders / "g2"}, 2, ranking=ranking
    )
    assert [(each.image_id, each.why) for each in found] == [
        ("<0>", strips.EVENLY),
        ("<2>", strips.EVENLY),
        ("<3>", strips.BEST),
        ("<0>", strips.BEST),
        ("<2>", strips.WORST),
        ("<1>", strips.WORST),
    ]


def test_where_all_are_shown_none_is_best(folders):
    found = strips.prediction_strips(
        source(), {"g2": folders / "g2"}, 5, ranking={"<0>": 0.5}
    )
    assert {each.why for each in found} == {strips.EVENLY}


def test_label_maps_have_the_iou_of_their_image(folders):
    """Half is background, half rook; all was taken for cat and dog."""
    truth = source().label_map("<0>")
    artifacts.write_label_map(folders / "g2" / "<0>.png", truth)
    half = truth.copy()
    half[:10, 15:] = 0
    artifacts.write_label_map(folders / "g0" / "<0>.png", half)
    pictures = all_strips(folders)["train"][0].pictures
    found = {caption: each.iou for caption, each in pictures.items()}
    assert found == {
        "Image": None,
        "Seeds": 0.0,
        "Saliency": None,
        "G0": pytest.approx((300 / 450 + 150 / 300) / 2),
        "G2": 1.0,
        "Saliency oracle": 0.0,
        "Truth": None,
    }


def test_predictions_with_crf_stand_under_those_without(folders):
    strip = strips.prediction_strips(
        source(),
        {"g2": folders / "g2"},
        1,
        {"g2": folders / "full"},
    )[0]
    assert list(strip.with_crf) == ["G2"]
    np.testing.assert_array_equal(
        strip.with_crf["G2"].pixels, strip.pictures["G2"].pixels
    )


def test_an_image_whose_truth_has_no_object_is_shown(folders):
    """Image labels would refuse it, where they come from the masks."""

    def refuse(image_id):
        raise ValueError(image_id)

    empty = dataclasses.replace(
        source(),
        image_labels=refuse,
        label_map=lambda image_id: np.zeros_like(source().label_map(image_id)),
    )
    dirs = {"g2": folders / "g2"}
    strip = strips.prediction_strips(empty, dirs, 1)[0]
    assert strip.objects == ()
    assert list(strip.pictures) == ["Image", "G2", "Truth"]
