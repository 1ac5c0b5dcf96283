import pytest

from guided_segmentation import crf


def test_named_settings_are_the_published_ones():
    assert (
        crf.CrfSettings(
            bilateral_weight=4,
            bilateral_xy_px=121,
            bilateral_rgb=5,
            gaussian_weight=3,
            gaussian_xy_px=3,
            num_steps=10,
        )
        == crf.DEEPLAB
    )
    assert (
        crf.CrfSettings(
            bilateral_weight=10, bilateral_xy_px=80, bilateral_rgb=13
        )
        == crf.SEC
    )
    named = {crf.DEEPLAB, crf.SEC, crf.MILD, crf.NONE}
    assert set(crf.SETTINGS.values()) == named
    assert (crf.named("v1"), crf.named("v2")) == (crf.SEC, crf.DEEPLAB)


def test_a_custom_name_holds_the_numbers_of_the_bilateral_term():
    assert crf.named("custom-4-121-5") == crf.DEEPLAB
    assert crf.named("custom-10-80.0-13") == crf.SEC
    other = crf.named("custom-0.5-6-7")
    assert (other.bilateral_weight, other.bilateral_xy_px) == (0.5, 6)
    assert (other.bilateral_rgb, other.gaussian_xy_px) == (7, 3)


@pytest.mark.parametrize(
    "name",
    ["v3", "", "custom", "custom-4-121", "custom-4-0-5", "custom--4-121-5"],
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(
        ValueError,
        match=r"wanted a CRF out of sec, v1, deeplab, v2, mild, none or "
        rf"custom-WEIGHT-XY_PX-RGB, such as custom-5-50-10; found '{name}'$",
    ):
        crf.named(name)


def test_on_a_smaller_image_the_standard_deviations_in_pixels_are_smaller():
    small = crf.SEC.shrunk(12)
    assert small.bilateral_xy_px == pytest.approx(20 / 3)
    assert small.gaussian_xy_px == 0.25
    assert crf.SEC.shrunk(8).shrunk(1 / 8) == crf.SEC
