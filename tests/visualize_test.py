"""Pictures show the classes, the ignored pixels and the heat they should."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from guided_segmentation import labels, visualize

GREY = np.full((4, 6, 3), 100, np.uint8)


def test_ignored_pixels_are_white_and_classes_have_vocs_colours():
    label_map = np.array([[0, 1, 15, 255]], np.uint8)
    assert visualize.colours(label_map).tolist() == [
        [[0, 0, 0], [128, 0, 0], [192, 128, 128], [255, 255, 255]]
    ]


def test_white_for_ignore_leaves_the_palette_of_the_files_alone():
    visualize.colours(np.array([[255]], np.uint8))
    assert labels.palette()[255].tolist() == [224, 224, 192]


def test_contours_lie_on_the_left_and_upper_side_of_a_border():
    label_map = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]], np.uint8)
    assert visualize.contours(label_map).tolist() == [
        [False, True, False],
        [True, True, True],
        [False, False, False],
    ]


def test_faded_images_are_grey_and_leave_black_and_white_unused():
    image = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8)
    assert visualize.faded(image)[0].tolist() == [[32] * 3, [185] * 3, [78] * 3]


def test_overlay_shows_the_faded_image_where_there_is_background():
    label_map = np.zeros((4, 6), np.uint8)
    assert (visualize.overlay(GREY, label_map) == 92).all()


def test_overlay_mixes_image_and_class_by_the_opacity():
    label_map = np.full((4, 6), 1, np.uint8)
    picture = visualize.overlay(GREY, label_map, opacity=0.5)
    assert picture[0, 0].tolist() == [110, 46, 46]


def test_overlay_covers_ignored_pixels_more_than_classes():
    label_map = np.full((4, 6), 255, np.uint8)
    picture = visualize.overlay(GREY, label_map, opacity=0.5)
    assert picture[0, 0].tolist() == [214, 214, 214]


def test_overlay_draws_a_dark_line_between_classes():
    label_map = np.zeros((4, 6), np.uint8)
    label_map[:, 3:] = 1
    assert visualize.overlay(GREY, label_map)[0, 2].tolist() == [23, 23, 23]


def test_heat_grows_lighter_with_the_score():
    scores = np.tile(np.linspace(0, 1, 6), (4, 1))
    picture = visualize.heat(GREY, scores, opacity=1)
    assert picture[0, 0].tolist() == [0, 0, 4]
    assert picture[0, -1].tolist() == [252, 255, 164]
    assert (np.diff(picture[0].sum(axis=-1, dtype=int)) > 0).all()


def test_heat_clips_scores_beyond_zero_and_one():
    low, high = np.full((4, 6), -7.0), np.full((4, 6), 7.0)
    np.testing.assert_array_equal(
        visualize.heat(GREY, low), visualize.heat(GREY, np.zeros((4, 6)))
    )
    np.testing.assert_array_equal(
        visualize.heat(GREY, high), visualize.heat(GREY, np.ones((4, 6)))
    )


@pytest.mark.parametrize("lay", [visualize.overlay, visualize.heat])
def test_a_map_of_another_size_is_refused_with_both_sizes(lay):
    with pytest.raises(ValueError, match=r"got \(4, 6\) and \(6, 4\)"):
        lay(GREY, np.zeros((6, 4), np.uint8))


def test_resizing_to_a_height_keeps_the_aspect_ratio():
    assert visualize.resize_to_height(GREY, 8).shape == (8, 12, 3)
    assert visualize.resize_to_height(
        np.zeros((90, 1, 3), np.uint8), 10
    ).shape == (
        10,
        1,
        3,
    )


def test_a_sheet_holds_every_picture_and_pads_short_rows_with_white():
    red = np.zeros((10, 20, 3), np.uint8)
    red[..., 0] = 255
    sheet = visualize.contact_sheet([{"a": red, "b": red}, {"c": red}], 10)
    is_red = (sheet == (255, 0, 0)).all(axis=-1)
    assert np.count_nonzero(is_red) == 3 * 10 * 20
    assert (sheet[-20:, -20:] == 255).all()


def test_a_sheet_without_pictures_is_refused():
    with pytest.raises(ValueError, match=r"in every row, got rows of \[1, 0\]"):
        visualize.contact_sheet([{"a": GREY}, {}])
    with pytest.raises(ValueError, match=r"in every row, got rows of \[\]"):
        visualize.contact_sheet([])


@settings(max_examples=20, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(*[st.integers(1, 9)] * 2, st.just(3))))
def test_png_keeps_every_pixel(image):
    content = np.frombuffer(visualize.png(image), np.uint8)
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decoded, image)


def test_jpeg_is_a_jpeg_in_rgb():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    content = visualize.jpeg(red)
    assert content.startswith(b"\xff\xd8")
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), 1)[..., ::-1]
    assert np.abs(decoded.astype(int) - red).max() < 8
