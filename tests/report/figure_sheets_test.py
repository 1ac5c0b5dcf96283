"""Figures show the maps of the images that were asked for."""

import numpy as np
import pytest
import report_samples
from report_samples import source

from guided_segmentation import artifacts, visualize
from guided_segmentation.report import figure_sheets, strips


@pytest.fixture
def folders(tmp_path):
    report_samples.write_folders(tmp_path)
    return {
        "Seeds": tmp_path / "seeds",
        strips.SALIENCY: tmp_path / "saliency",
        "Guide": tmp_path / "g2",
    }


def test_all_steps_stand_in_a_row_with_their_iou(folders):
    """The truth is half background, half rook; all maps are one class."""
    half = np.zeros((20, 30), np.uint8)
    half[:, 15:] = 2
    artifacts.write_label_map(folders["Guide"] / "<3>.png", half)
    one, other = figure_sheets.steps(source(), ["<0>", "<3>"], folders)
    assert list(one) == ["<0>", "Seeds  0", "Saliency", "Guide  0", "Truth"]
    assert list(other)[3:] == ["Guide  100", "Truth"]
    image = source().image("<3>")
    np.testing.assert_array_equal(other["<3>"], image)
    np.testing.assert_array_equal(
        other["Guide  100"], visualize.overlay(image, half)
    )
    np.testing.assert_array_equal(
        other["Saliency"], visualize.heat(image, np.ones((20, 30)))
    )


def test_steps_without_truth_have_no_iou(folders):
    (row,) = figure_sheets.steps(source(with_truth=False), ["<0>"], folders)
    assert list(row) == ["<0>", "Seeds", "Saliency", "Guide"]


def test_all_missing_maps_are_named(folders):
    for name in ("<1>", "<2>"):
        (folders["Guide"] / f"{name}.png").unlink()
    with pytest.raises(
        FileNotFoundError,
        match="g2: wanted a map of each image to show, found none of <1>, <2>;",
    ):
        list(figure_sheets.steps(source(), ["<0>", "<1>", "<2>"], folders))


def test_heat_maps_of_seeders_stand_side_by_side():
    """One object: the left seeder is sure everywhere, the right one nowhere."""
    asked = []

    def seeder(value):
        def score(image, objects):
            asked.append(objects.tolist())
            return np.full((20, 30, 1), value), None

        return score

    rows = figure_sheets.score_maps(
        source(), ["<1>"], {"A": seeder(4.0), "B": seeder(-1.0)}
    )
    (row,) = rows
    assert list(row) == ["<1>: rook", "A", "B", "Truth"]
    assert asked == [[1], [1]]
    image = source().image("<1>")
    for caption, level in (("A", 1), ("B", 0)):
        np.testing.assert_array_equal(
            row[caption], visualize.heat(image, np.full((20, 30), level))
        )


def test_an_image_has_a_row_for_each_object():
    both = source()
    both = type(both)(
        **{**vars(both), "image_labels": lambda _: np.array([True, True])}
    )
    rows = figure_sheets.score_maps(
        both,
        ["<0>"],
        {"A": lambda image, objects: (np.ones((20, 30, 2)), None)},
    )
    titles = [next(iter(row)) for row in rows]
    assert titles == ["<0>: cat & dog", "<0>: rook"]


@pytest.mark.parametrize(
    ("count", "chosen"), [(2, ["a", "c"]), (9, ["a", "b", "c", "d"])]
)
def test_images_are_at_equal_intervals(count, chosen):
    assert figure_sheets.evenly(("a", "b", "c", "d"), count) == chosen
