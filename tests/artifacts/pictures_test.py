import io
import pathlib
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from guided_segmentation import artifacts, labels

MAP_SHAPE = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)


def save(path, array, mode=None):
    image = Image.fromarray(np.asarray(array))
    image = image.convert(mode, palette=Image.Palette.ADAPTIVE)
    image.save(path)
    return path


def encoded(file_format):
    noise = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, file_format)
    return buffer.getvalue()


JPEG, PNG = encoded("JPEG"), encoded("PNG")


@pytest.fixture
def red():
    return np.full((6, 8, 3), (250, 10, 20), np.uint8)


# Photographs.


def test_an_rgb_photograph_is_read_as_it_is(tmp_path):
    rgb = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    image = artifacts.read_image(save(tmp_path / "a.png", rgb))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, rgb)


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("RGB", "jpg"), ("CMYK", "jpg"), ("RGBA", "png"), ("P", "png")],
)
def test_photographs_of_other_modes_keep_their_colour(
    tmp_path, red, mode, ending
):
    path = save(tmp_path / f"a.{ending}", red, mode)
    image = artifacts.read_image(path)
    assert image.shape == (6, 8, 3)
    np.testing.assert_allclose(image.astype(int), red, atol=30)


def test_a_greyscale_photograph_gets_three_equal_channels(tmp_path):
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    image = artifacts.read_image(save(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(image, np.dstack([grey] * 3))


def test_a_16_bit_photograph_keeps_its_grey_levels(tmp_path):
    grey = np.array([[0, 256, 0x7FFF, 0xFFFF]], np.uint16)
    image = artifacts.read_image(save(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(image[..., 0], [[0, 1, 127, 255]])


def test_an_alpha_channel_is_dropped(tmp_path, red):
    alpha = np.zeros((6, 8, 1), np.uint8)
    path = save(tmp_path / "a.png", np.dstack([red, alpha]))
    np.testing.assert_array_equal(artifacts.read_image(path), red)


def test_the_size_is_read_without_the_pixels(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:-200])
    assert artifacts.read_size(path) == (24, 32)
    with pytest.raises(ValueError, match="truncated"):
        artifacts.read_image(path)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_a_file_that_is_no_image_is_named(tmp_path, content):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"a\.jpg: wanted an image, found a file that is none"
    ):
        artifacts.read_image(path)


def test_a_truncated_photograph_is_named(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:-200])
    with pytest.raises(
        ValueError, match=r"a\.jpg: unreadable image \(.*truncated.*replace"
    ):
        artifacts.read_image(path)


def test_a_photograph_too_large_for_memory_is_named(tmp_path, red, monkeypatch):
    path = save(tmp_path / "a.png", red)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match=r"a\.png: unreadable image .*limit"):
        artifacts.read_image(path)


@settings(deadline=None)
@given(st.sampled_from([JPEG, PNG]), st.data())
def test_damage_anywhere_gives_an_image_or_a_message_with_the_file(
    content, data
):
    position = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(position + 1, len(content)))
    damaged = content[:position] + bytes([byte]) + content[position + 1 : cut]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "photograph")
        path.write_bytes(damaged)
        try:
            assert artifacts.read_image(path).shape[-1] == 3
        except ValueError as error:
            assert str(path) in str(error)


# Label maps.


@given(hnp.arrays(np.uint8, MAP_SHAPE))
def test_a_label_map_is_decoded_as_encoded(label_map):
    content = artifacts.encode_label_map(label_map)
    decoded = artifacts.decode_label_map(content)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, label_map)


def test_a_written_label_map_shows_vocs_colours(tmp_path):
    label_map = np.array([[0, 1, 15, 255]], np.uint8)
    artifacts.write_label_map(tmp_path / "a.png", label_map)
    np.testing.assert_array_equal(
        artifacts.read_label_map(tmp_path / "a.png"), label_map
    )
    np.testing.assert_array_equal(
        artifacts.read_image(tmp_path / "a.png"), labels.palette()[label_map]
    )


def test_a_label_map_without_palette_is_read_as_indices(tmp_path):
    label_map = np.array([[0, 20], [255, 3]], np.uint8)
    path = save(tmp_path / "a.png", label_map)
    np.testing.assert_array_equal(artifacts.read_label_map(path), label_map)


def test_a_label_map_of_another_palette_keeps_its_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([9, 9, 9, 200, 0, 0, 0, 0, 200])
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        artifacts.read_label_map(tmp_path / "a.png"), [[0, 1], [2, 1]]
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_label_map_of_colours_is_refused(tmp_path, red, mode):
    path = save(tmp_path / "2007_000032.png", red, mode)
    with pytest.raises(
        ValueError,
        match=rf"2007_000032\.png: wanted a label map \(palette or 8-bit index "
        rf"PNG\), found mode {mode}; convert it first",
    ):
        artifacts.read_label_map(path)


def test_a_truncated_label_map_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 20, (50, 50), np.uint8)
    content = artifacts.encode_label_map(noise)
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"a\.png: unreadable image"):
        artifacts.read_label_map(tmp_path / "a.png")


# Saliency maps.


def test_a_saliency_map_is_stored_to_within_half_a_level(tmp_path):
    saliency_map = np.linspace(0, 1, 1000).reshape(20, 50)
    artifacts.write_saliency_map(tmp_path / "a.png", saliency_map)
    read = artifacts.read_saliency_map(tmp_path / "a.png")
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, saliency_map, atol=0.5 / 255 + 1e-7)


def test_a_saliency_map_is_clipped_to_its_range(tmp_path):
    artifacts.write_saliency_map(tmp_path / "a.png", np.array([[-1.0, 7.0]]))
    read = artifacts.read_saliency_map(tmp_path / "a.png")
    np.testing.assert_array_equal(read, [[0, 1]])


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_a_saliency_map_that_is_not_grey_is_refused(tmp_path, red, mode):
    path = save(tmp_path / "a.png", red, mode)
    with pytest.raises(
        ValueError,
        match=rf"a\.png: wanted a saliency map \(8-bit grey PNG\), found mode "
        rf"{mode}",
    ):
        artifacts.read_saliency_map(path)
