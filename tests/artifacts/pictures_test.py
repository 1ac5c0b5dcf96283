import io
import pathlib
import struct
import tempfile
import warnings
import zlib

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
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted at most 20 pixels, found more \(.*48 pixels"
        r".*\); resize it, or set a higher limit with --max_pixels",
    ):
        artifacts.read_image(path)


def test_the_limit_of_pixels_can_be_set(tmp_path, red, monkeypatch):
    path = save(tmp_path / "a.png", red)  # 48 pixels.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        artifacts.limit_pixels(48)
        assert artifacts.read_size(path) == (6, 8)
        artifacts.limit_pixels(46)
        with pytest.raises(ValueError, match="wanted at most 46 pixels"):
            artifacts.read_size(path)


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        (np.array([[0, 70_000]], np.int32), "found 0 to 70000"),
        (np.array([[0, 0.5]], np.float32), r"found fractions \(mode F\)"),
    ],
)
def test_grey_levels_beyond_16_bits_are_refused(tmp_path, levels, found):
    path = tmp_path / "a.tif"
    Image.fromarray(levels).save(path)
    with pytest.raises(
        ValueError,
        match=rf"a\.tif: wanted grey levels of 8 or 16 bits, {found}; convert",
    ):
        artifacts.read_image(path)


@pytest.mark.parametrize("ending", ["webp", "bmp", "tif", "tiff", "jfif"])
def test_photographs_of_other_formats_are_read(tmp_path, red, ending):
    path = tmp_path / f"a.{ending}"
    Image.fromarray(red).save(path, {"jfif": "JPEG"}.get(ending))
    image = artifacts.read_image(path)
    np.testing.assert_allclose(image.astype(int), red, atol=8)


# EXIF orientation: the corner of the upright image that is stored first, and
# how the stored image differs from the upright one.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_photographs_are_read_upright(tmp_path, orientation, ending):
    upright = np.zeros((8, 16, 3), np.uint8)
    upright[:, :8] = 255, 0, 0
    upright[4:, 8:] = 0, 0, 255
    path = save_turned(tmp_path / f"a.{ending}", upright, orientation)
    image = artifacts.read_image(path)
    assert image.shape == upright.shape
    np.testing.assert_allclose(image.astype(int), upright, atol=90)
    assert artifacts.read_size(path) == (8, 16)


@pytest.mark.parametrize("orientation", STORED)
def test_the_stored_size_is_that_of_the_header(tmp_path, orientation):
    upright = np.zeros((8, 16, 3), np.uint8)
    path = save_turned(tmp_path / "a.jpg", upright, orientation)
    stored = STORED[orientation](upright).shape[:2]
    assert artifacts.read_stored_size(path) == stored


@pytest.mark.parametrize("orientation", STORED)
def test_maps_are_read_upright(tmp_path, orientation):
    upright = np.arange(6, dtype=np.uint8).reshape(2, 3)
    path = save_turned(tmp_path / "a.png", upright, orientation)
    np.testing.assert_array_equal(artifacts.read_label_map(path), upright)
    saliency_map = artifacts.read_saliency_map(path)
    np.testing.assert_allclose(saliency_map, upright / 255)


def save_turned(path, upright, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](upright))
    options = {"quality": 95, "subsampling": 0} if path.suffix == ".jpg" else {}
    Image.fromarray(stored).save(path, exif=exif, **options)
    return path


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


def grey_png(path, indices, bits):
    """Writes [height, width] uint8 as libpng writes a grey PNG of few bits."""
    height, width = indices.shape
    each = np.unpackbits(indices[..., None], axis=2)[..., 8 - bits :]
    rows = np.packbits(each.reshape(height, -1), axis=1)
    content = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    chunks = [
        (b"IHDR", head),
        (b"IDAT", zlib.compress(content)),
        (b"IEND", b""),
    ]
    file = b"\x89PNG\r\n\x1a\n"
    for kind, data in chunks:
        check = struct.pack(">I", zlib.crc32(kind + data))
        file += struct.pack(">I", len(data)) + kind + data + check
    path.write_bytes(file)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_grey_label_map_of_few_bits_is_read_as_indices(tmp_path, bits):
    indices = np.arange(24).reshape(3, 8) % 2**bits
    grey_png(tmp_path / "a.png", indices.astype(np.uint8), bits)
    read = artifacts.read_label_map(tmp_path / "a.png")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, indices)


@pytest.mark.parametrize("colours", [2, 4, 16])
def test_a_palette_label_map_of_few_bits_is_read_as_indices(tmp_path, colours):
    indices = np.arange(24, dtype=np.uint8).reshape(3, 8) % colours
    image = Image.fromarray(indices)
    image.putpalette(labels.palette()[:colours].tobytes())
    image.save(tmp_path / "a.png", bits=int(np.log2(colours)))
    read = artifacts.read_label_map(tmp_path / "a.png")
    np.testing.assert_array_equal(read, indices)


def test_vocs_colours_in_another_order_are_refused(tmp_path):
    """What an editor leaves of a palette that it saves again."""
    image = Image.fromarray(np.array([[0, 1], [0, 1]], np.uint8))
    image.putpalette(labels.palette()[[0, 15]].tobytes())
    image.save(tmp_path / "a.png")
    with pytest.raises(
        ValueError,
        match=r"a\.png: wanted VOC's palette in VOC's order, found the colour "
        r"of class 15 at index 1, as after saving in an editor; save VOC's "
        r"indices, or remove the palette if these are right",
    ):
        artifacts.read_label_map(tmp_path / "a.png")


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
