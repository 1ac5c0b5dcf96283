import dataclasses

import numpy as np
import pytest

from guided_segmentation import crf, guides


@pytest.mark.parametrize("name", guides.CHOICES)
def test_an_unknown_choice_is_refused(name):
    known = ", ".join(guides.CHOICES[name])
    with pytest.raises(
        ValueError, match=f"^{name} must be one of {known}, got 'linear'$"
    ):
        guides.GuideSettings(**{name: "linear"})


def test_the_defaults_are_the_paper_preset():
    assert (
        guides.GuideSettings(
            seed_min_area=guides.Area("0.01"),
            background_min_area=guides.Area("25px"),
            saliency_min_area=guides.Area("0.01"),
            in_doubt="ignore",
            no_gain="largest",
            unary="log",
            blur_px=10.0,
            crf=crf.DEEPLAB,
            crf_extent="region",
        )
        == guides.PAPER
        == guides.PRESETS["paper"]
    )


def test_the_released_preset_differs_in_four_choices():
    assert guides.PRESETS["released"] == dataclasses.replace(
        guides.PAPER,
        seed_min_area=guides.Area("25px"),
        in_doubt="background",
        unary="prob",
        crf_extent="image",
    )


def test_ignored_pixels_stay_or_become_background():
    guide = np.array([[0, 3, 255]], np.uint8)
    found = guides.RELEASED.apply_in_doubt(guide)
    assert found.dtype == np.uint8
    assert found.tolist() == [[0, 3, 0]]
    assert guides.PAPER.apply_in_doubt(guide).tolist() == [[0, 3, 255]]
