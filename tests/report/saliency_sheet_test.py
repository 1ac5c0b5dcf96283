import masks_samples
import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.report import masks_page, saliency_sheet


@pytest.fixture(name="maps")
def _maps(tmp_path):
    for image_id in masks_samples.ROWS_AND_COLUMNS:
        path = tmp_path / "maps" / f"{image_id}.png"
        artifacts.write_saliency_map(path, np.full((20, 20), 0.1))
    return tmp_path / "maps"


def sheet(tmp_path, source, maps, count):
    saliency_sheet.write(tmp_path / "sheet.png", source, maps, count)
    return artifacts.read_image(tmp_path / "sheet.png")


def pixels_of(colour, picture):
    return (picture == np.uint8(colour)).all(-1).sum()


def test_photographs_with_boxes_stand_beside_their_maps(tmp_path, maps):
    drawn = sheet(tmp_path, masks_samples.source(), maps, 2)
    width = drawn.shape[1]
    assert pixels_of(masks_page.BOX_COLOUR, drawn) > 100
    one = sheet(tmp_path, masks_samples.source(), maps, 1)
    assert one.shape[0] == drawn.shape[0]
    assert one.shape[1] < width


def test_photographs_without_boxes_are_shown_too(tmp_path, maps):
    source = masks_samples.source()
    plain = schema.Source(
        name="plain", image_ids=source.image_ids, image=source.image
    )
    drawn = sheet(tmp_path, plain, maps, 12)
    assert not pixels_of(masks_page.BOX_COLOUR, drawn)
    assert drawn.shape == sheet(tmp_path, source, maps, 12).shape


def test_a_map_of_any_maximum_is_shown_in_full_brightness(tmp_path, maps):
    """The maps above end at 26 of 255."""
    dim = sheet(tmp_path, masks_samples.source(), maps, 1)
    for image_id in masks_samples.ROWS_AND_COLUMNS:
        artifacts.write_saliency_map(
            maps / f"{image_id}.png", np.ones((20, 20))
        )
    bright = sheet(tmp_path, masks_samples.source(), maps, 1)
    np.testing.assert_array_equal(dim, bright)


def test_a_photograph_without_a_map_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"good\.png"):
        sheet(tmp_path, masks_samples.source(), tmp_path, 1)


def test_images_are_evenly_spread_and_shown_once():
    names = tuple("abcdefg")
    assert saliency_sheet.evenly_spread(names, 3) == ["a", "d", "g"]
    assert saliency_sheet.evenly_spread(names, 99) == list(names)
    assert saliency_sheet.evenly_spread(names, 1) == ["a"]
