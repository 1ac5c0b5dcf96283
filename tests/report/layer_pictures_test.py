import os

import numpy as np
import pytest

from guided_segmentation import artifacts
from guided_segmentation.datasets import schema
from guided_segmentation.report import layer_pictures

SIDE = layer_pictures.PICTURE_PX


@pytest.fixture
def folder(tmp_path):
    image = np.full((2 * SIDE, SIDE, 3), 90, np.uint8)
    artifacts.write_image(tmp_path / "photos" / "a.png", image)
    label_map = np.zeros((2 * SIDE, SIDE), np.uint8)
    label_map[:SIDE] = 1
    artifacts.write_label_map(tmp_path / "masks" / "a.png", label_map)
    artifacts.write_saliency_map(
        tmp_path / "saliency" / "a.png", label_map.astype(float)
    )
    return tmp_path


def source(folder, photograph=True):
    path = folder / "photos" / "a.png"
    return schema.Source(
        name="one",
        image_ids=("a",),
        image=lambda image_id: artifacts.read_image(path),
        photograph=(lambda image_id: path) if photograph else None,
    )


def test_pictures_are_small_and_their_pixels_fit(folder):
    made = layer_pictures.write_photograph(folder / "p", source(folder), "a")
    assert made == folder / "p" / "a.jpg"
    assert artifacts.read_image(made).shape == (SIDE, SIDE // 2, 3)
    mask = layer_pictures.write_layer(
        folder / "m", "mask", folder / "masks", "a"
    )
    colours = artifacts.read_image(mask)
    assert colours.shape == (SIDE, SIDE // 2, 3)
    assert colours[10, 10].tolist() == [128, 0, 0]
    heat = layer_pictures.write_layer(
        folder / "s", "saliency", folder / "saliency", "a"
    )
    shown = artifacts.read_image(heat).astype(int)
    assert shown.shape == (SIDE, SIDE // 2, 3)
    assert shown[10, 10].sum() > 600 > 100 > shown[-10, 10].sum()


def test_a_photograph_without_a_map_has_no_layer(folder):
    made = layer_pictures.write_layer(folder / "m", "mask", folder, "a")
    assert made is None
    assert not (folder / "m").exists()


def test_pictures_are_kept_until_what_they_show_is_newer(folder):
    def make():
        return (
            layer_pictures.write_photograph(folder / "p", source(folder), "a"),
            layer_pictures.write_layer(
                folder / "m", "mask", folder / "masks", "a"
            ),
        )

    for made, original in zip(
        make(), (folder / "photos", folder / "masks"), strict=True
    ):
        made.write_text("kept")
        make()
        assert made.read_text() == "kept"
        later = made.stat().st_mtime + 10
        os.utime(original / "a.png", (later, later))
        make()
        artifacts.read_image(made)


def test_photographs_that_are_no_files_are_always_written(folder):
    drawn = source(folder, photograph=False)
    made = layer_pictures.write_photograph(folder / "p", drawn, "a")
    made.write_text("old")
    layer_pictures.write_photograph(folder / "p", drawn, "a")
    artifacts.read_image(made)


def test_ignored_pixels_are_white_and_the_background_transparent():
    layer = layer_pictures.label_layer(np.array([[0, 0], [255, 255]], np.uint8))
    assert layer[1].tolist() == [[255, 255, 255, 200]] * 2
    assert layer[0, :, 3].tolist() == [255, 255]  # The line between them.
    assert layer_pictures.label_layer(np.zeros((2, 2), np.uint8)).max() == 0
